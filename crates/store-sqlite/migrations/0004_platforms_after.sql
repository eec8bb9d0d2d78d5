-- The first builds made `settings` without this row: platforms whose numbers are skipped end there.
INSERT OR IGNORE INTO settings (name, value) VALUES ('platforms_after', 0);
