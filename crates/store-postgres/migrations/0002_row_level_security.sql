-- A second belt between platforms, for roles that do not own the tables: rows of customers are seen only by who said whose.
-- The first belt is each statement's own `platform = …`. `every` is said by connections that store batches of many platforms.
-- Not FORCE: the owner copies and migrates the tables and must see all of them.
ALTER TABLE customers ENABLE ROW LEVEL SECURITY;

CREATE POLICY customers_seen ON customers FOR SELECT
    USING ((SELECT current_setting('registrar.platform', true)) IN ('every', platform::text));

CREATE POLICY customers_stored ON customers FOR INSERT
    WITH CHECK ((SELECT current_setting('registrar.platform', true)) IN ('every', platform::text));

-- Rows are locked (the durability barrier) and never changed.
CREATE POLICY customers_locked ON customers FOR UPDATE
    USING ((SELECT current_setting('registrar.platform', true)) IN ('every', platform::text))
    WITH CHECK (false);
