-- Products and agreements may have members from here on that a server of before would drop when it writes them. None may be
-- connected; and one that has only lost its connections, and comes back, finds no column of the name it knows, as it begins any
-- group of its: it writes nothing.
ALTER TABLE countinghouse.state RENAME COLUMN edition TO edition_id;
