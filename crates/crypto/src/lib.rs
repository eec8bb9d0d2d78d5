//! Request signatures and their hints, sealing, blind indexes, master keys.
