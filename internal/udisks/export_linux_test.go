package udisks

// Patience is how long UDisks2 may take to start.
var Patience = &patience
