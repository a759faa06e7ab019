-- By what events are searched for, as numbers of names; null for what a call has not. And the entry's link in the chain
-- (ledger/chain.ts). Filled for entries that were there before by 0002-events.ts.
ALTER TABLE entry ADD COLUMN operation  INTEGER;
ALTER TABLE entry ADD COLUMN principal  INTEGER;
ALTER TABLE entry ADD COLUMN account    INTEGER;
ALTER TABLE entry ADD COLUMN access_key INTEGER;
ALTER TABLE entry ADD COLUMN product    INTEGER;
ALTER TABLE entry ADD COLUMN link       BLOB;

-- Every index ends in the entry's number, so each search is read in the order of time, and stops when its page is full.
CREATE INDEX entry_operation         ON entry (operation);
CREATE INDEX entry_account           ON entry (account);
CREATE INDEX entry_account_operation ON entry (account, operation) WHERE account IS NOT NULL;
CREATE INDEX entry_product           ON entry (product)            WHERE product IS NOT NULL;
CREATE INDEX entry_access_key        ON entry (access_key)         WHERE access_key IS NOT NULL;
CREATE INDEX entry_principal         ON entry (principal);
