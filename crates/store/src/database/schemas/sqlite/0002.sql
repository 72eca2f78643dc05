-- The index as sorted keys in segments, in place of tables with a row for each
-- value. `crates/store/src/index` says how it is meant to be read.

DROP TABLE token;
DROP TABLE string;
DROP TABLE date;
DROP TABLE period;
DROP TABLE number;
DROP TABLE reference;
DROP TABLE member;

-- One row: which set of segments counts, and the last commit that changed keys.
CREATE TABLE index_state (
    generation INTEGER NOT NULL,
    committed INTEGER NOT NULL,
    built INTEGER NOT NULL      -- 0 until the keys of all resources are in
) STRICT;
INSERT INTO index_state (generation, committed, built) VALUES (0, 0, 0);

-- The keys that changed since the newest segment, by commit.
CREATE TABLE index_log (
    committed INTEGER PRIMARY KEY,
    changes BLOB NOT NULL
) STRICT;

CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    level INTEGER NOT NULL,     -- how many times its keys were merged
    committed INTEGER NOT NULL, -- the last commit that it has changes of
    firsts BLOB NOT NULL,       -- the first key of each block
    last BLOB NOT NULL,
    filter BLOB NOT NULL        -- tells what values it does not have
) STRICT;

-- The keys of segments: `segment << 24 | place`.
CREATE TABLE block (
    id INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;
