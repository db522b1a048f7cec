"""Changes an NTFS image through libntfs-3g, without mounting it.

usage: libntfs.py IMAGE < commands, one a line:
  mkdir PATH | write PATH BYTES [OFFSET] | link OLD NEW | rm PATH
write writes the alphabet again and again. Exit code 3: there is no libntfs-3g.
"""
import ctypes, os, stat, sys

try:
    lib = ctypes.CDLL("libntfs-3g.so.89")
except OSError as e:
    print(e, file=sys.stderr)
    sys.exit(3)

P, S64 = ctypes.c_void_p, ctypes.c_int64
for name, result, args in [
    ("ntfs_mount", P, [ctypes.c_char_p, ctypes.c_ulong]),
    ("ntfs_umount", ctypes.c_int, [P, ctypes.c_int]),
    ("ntfs_pathname_to_inode", P, [P, P, ctypes.c_char_p]),
    ("ntfs_create", P, [P, ctypes.c_uint32, P, ctypes.c_uint8, ctypes.c_uint32]),
    ("ntfs_link", ctypes.c_int, [P, P, P, ctypes.c_uint8]),
    ("ntfs_delete", ctypes.c_int, [P, ctypes.c_char_p, P, P, P, ctypes.c_uint8]),
    ("ntfs_inode_close", ctypes.c_int, [P]),
    ("ntfs_attr_open", P, [P, ctypes.c_uint32, P, ctypes.c_uint32]),
    ("ntfs_attr_pwrite", S64, [P, S64, S64, P]),
    ("ntfs_attr_close", None, [P]),
]:
    f = getattr(lib, name)
    f.restype, f.argtypes = result, args


def check(value, what):
    if not value:
        sys.exit("libntfs-3g failed: " + what)
    return value


def split(path):
    parent, name = path.rsplit("/", 1)
    text = name.encode("utf-16-le")
    return parent or "/", ctypes.create_string_buffer(text, len(text)), len(text) // 2


def inode(path):
    return check(lib.ntfs_pathname_to_inode(volume, None, path.encode()), path)


def create(path, kind):
    parent, name, length = split(path)
    above = inode(parent)
    ni = check(lib.ntfs_create(above, 0, name, length, kind), path)
    check(lib.ntfs_inode_close(ni) == 0, path)
    check(lib.ntfs_inode_close(above) == 0, path)


def write(path, count, offset=0):
    ni = lib.ntfs_pathname_to_inode(volume, None, path.encode())
    if not ni:
        create(path, stat.S_IFREG)
        ni = inode(path)
    na = check(lib.ntfs_attr_open(ni, 0x80, None, 0), path)
    letters = bytes(97 + i % 26 for i in range(count))
    check(lib.ntfs_attr_pwrite(na, offset, count, letters) == count, path)
    lib.ntfs_attr_close(na)
    check(lib.ntfs_inode_close(ni) == 0, path)


def link(old, new):
    parent, name, length = split(new)
    ni, above = inode(old), inode(parent)
    check(lib.ntfs_link(ni, above, name, length) == 0, new)
    lib.ntfs_inode_close(above)
    check(lib.ntfs_inode_close(ni) == 0, new)


def remove(path):
    parent, name, length = split(path)
    # closes both inodes
    check(lib.ntfs_delete(volume, path.encode(), inode(path), inode(parent), name, length) == 0, path)


volume = check(lib.ntfs_mount(os.fsencode(sys.argv[1]), 0), sys.argv[1])
for line in sys.stdin:
    command, *args = line.split()
    if command == "mkdir":
        create(args[0], stat.S_IFDIR)
    elif command == "write":
        write(args[0], *map(int, args[1:]))
    elif command == "link":
        link(*args)
    elif command == "rm":
        remove(*args)
check(lib.ntfs_umount(volume, 0) == 0, "unmount")
