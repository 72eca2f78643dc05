-- Search parameters that SearchParameter resources add, and resources whose
-- values are taken again in the background because what they are found by changed.

-- Goes up whenever one of the two tables below says something else, how far it
-- is apart: who knows this number knows them.
ALTER TABLE index_state ADD COLUMN parameters INTEGER NOT NULL DEFAULT 0;
-- The last number that an added parameter got; none is given twice.
ALTER TABLE index_state ADD COLUMN numbered INTEGER NOT NULL DEFAULT 0;
-- The rules that the values follow, but for the types in `reindex`.
ALTER TABLE index_state ADD COLUMN rules INTEGER NOT NULL DEFAULT 1;

-- The parameters that were added.
CREATE TABLE search_parameter (
    rid INTEGER PRIMARY KEY,    -- the SearchParameter
    number INTEGER NOT NULL,    -- another one for each definition that finds other values
    vid INTEGER NOT NULL        -- the version that defines it
) STRICT;

-- The resource types whose values are taken again.
CREATE TABLE reindex (
    kind INTEGER PRIMARY KEY,
    rules INTEGER NOT NULL,     -- the rules that all its values follow at least
    numbered INTEGER NOT NULL,  -- the last added parameter that all its values are there of
    reached INTEGER NOT NULL,   -- the number of the last resource that was done
    done INTEGER NOT NULL,      -- how many were done
    total INTEGER NOT NULL      -- how many there were at the start, about
) STRICT;
