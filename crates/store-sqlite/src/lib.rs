//! The embedded engine: one writer with group commit, a read pool, migrations.
