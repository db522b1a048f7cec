// Package parttable reads partition tables: MBR and GPT, primary or backup.
// It trusts nothing that it reads, and writes nothing.
package parttable
