-- Which blind indexes are taken, in the order of their commits: a server reads this table at its start and keeps it in
-- memory, so that no create looks a random key up on the disk. One row for each commit that stored customers: for each of
-- their indexes 12 bytes, the customer's number (big-endian) and the first 8 bytes of the index.
CREATE TABLE fingerprints (
    number  INTEGER PRIMARY KEY,
    entries BLOB    NOT NULL
) STRICT;

INSERT INTO fingerprints (entries)
SELECT CAST(unhex(printf('%08X', number)) || substr(email_index, 1, 8)
    || coalesce(unhex(printf('%08X', number)) || substr(request_index, 1, 8), x'') AS BLOB)
FROM customers WHERE email_index IS NOT NULL ORDER BY number;

DROP INDEX customers_by_email;
DROP INDEX customers_by_request;
