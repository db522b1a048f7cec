#!/usr/bin/env python3
"""Makes pattern.json: what the patterns of package policy must be.

Written after the descriptions in internal/policy/pattern.go, on the Python package
"cryptography" (OpenSSL), and from no code of this program, so that both the
writer and the reader are held against a third implementation. Run it as

    python3 testdata/vectors/pattern.py > testdata/vectors/pattern.json
"""
import hashlib
import json
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECTOR = 512
MIB = 1 << 20


def derive(seed, digest, info):
    return HKDF(hashes.SHA256(), 32, salt=digest, info=info.encode()).derive(seed)


def stream_key(seed, digest, number):
    return derive(seed, digest, "panoscrub/pattern/v1 stream pass %d" % number)


def tag_key(seed, digest):
    return derive(seed, digest, "panoscrub/pattern/v1 tag")


def sectors(seed, digest, number, first, count):
    counter = struct.pack(">QQ", 0, first * SECTOR // 16)
    stream = Cipher(algorithms.AES(stream_key(seed, digest, number)), modes.CTR(counter)).encryptor()
    out = bytearray(stream.update(bytes(count * SECTOR)))
    plain = b"".join(struct.pack(">QQ", first + i, number) for i in range(count))
    tags = Cipher(algorithms.AES(tag_key(seed, digest)), modes.ECB()).encryptor().update(plain)
    for i in range(count):
        out[i * SECTOR:i * SECTOR + 16] = tags[i * 16:i * 16 + 16]
    return bytes(out)


def pattern(seed, digest, number, offset, length):
    first = offset // SECTOR
    last = (offset + length + SECTOR - 1) // SECTOR
    return sectors(seed, digest, number, first, last - first)[offset - first * SECTOR:][:length]


def vectors(seed, digest):
    gib64 = 64 << 30  # the counter of the cipher passes 2^32 here
    ranges = [
        (1, 0, 1024), (2, 0, 512), (10, 512, 512), (1, 4 * MIB - 512, 1024), (3, 61530439680 - 512, 512),
        (1, gib64 - 512, 1024), (1, (1 << 40) + 5 * SECTOR, 512), (2, (1 << 62) - 512, 512), (1, 512 * 77, 13), (1, 512 * 78, 16),
    ]
    for number, offset, length in ranges:
        yield {"pass": number, "offsetBytes": offset, "lengthBytes": length,
               "hex": pattern(seed, digest, number, offset, length).hex()}
    for number, offset, length in [(1, 0, 1), (1, 0, 4 * MIB + 1), (2, 0, 10 * MIB + 17), (1, gib64 - 3 * MIB, 6 * MIB)]:
        yield {"pass": number, "offsetBytes": offset, "lengthBytes": length,
               "sha256": hashlib.sha256(pattern(seed, digest, number, offset, length)).hexdigest()}


def named(seed, digest, passes, offset, length):
    """What the last of some named passes writes."""
    name = passes[-1]
    if name == "aes-256-ctr-tagged":
        return pattern(seed, digest, len(passes), offset, length)
    if name == "aes-256-ctr-tagged-complement":
        return bytes(255 - b for b in pattern(seed, digest, len(passes) - 1, offset, length))
    repeated = bytes.fromhex(name.removeprefix("fixed-"))
    return bytes(repeated[i % len(repeated)] for i in range(offset, offset + length))


def patterns(seed, digest):
    keyed, complement = "aes-256-ctr-tagged", "aes-256-ctr-tagged-complement"
    for passes in [[keyed, complement], ["fixed-00", keyed, complement], ["fixed-00", "fixed-ff", keyed],
                   ["fixed-00"], ["fixed-aa"], [keyed, "fixed-924924"], ["fixed-000102030405060708090a0b0c0d0e0f"]]:
        for offset, length in [(0, 600), (512 * 77, 13), ((1 << 40) + 5 * SECTOR, 512)]:
            yield {"passes": passes, "offsetBytes": offset, "hex": named(seed, digest, passes, offset, length).hex()}


def case(seed, digest):
    return {"seed": seed.hex(), "driveDigest": digest.hex(),
            "tagKey": tag_key(seed, digest).hex(), "streamKeyPass1": stream_key(seed, digest, 1).hex(),
            "vectors": list(vectors(seed, digest)), "patterns": list(patterns(seed, digest))}


if __name__ == "__main__":
    print(json.dumps({
        "comment": "Made by pattern.py beside this file with Python's cryptography package; the patterns are described in internal/policy/pattern.go.",
        "cases": [case(bytes(range(32)), bytes(range(255, 223, -1))),
                  case(hashlib.sha256(b"panoscrub seed").digest(), hashlib.sha256(b"panoscrub drive").digest())],
    }, indent=1))
