// Package fat reads FAT12, FAT16 and FAT32 as a forensic reader must: live and
// deleted entries, both copies of the table, and no trust in any number that it
// reads. It writes nothing.
package fat
