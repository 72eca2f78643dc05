-- Subscriptions: how far each has come. Their events are found among the
-- versions, which are in the order of their commits.

CREATE TABLE subscription (
    id TEXT NOT NULL PRIMARY KEY,  -- of the Subscription resource
    version INTEGER NOT NULL,      -- of that resource
    subscriber TEXT NOT NULL,      -- in whose name it is
    state INTEGER NOT NULL,        -- 0 requested, 1 active, 2 off, 3 error
    channel INTEGER NOT NULL,      -- 0 rest-hook, 1 websocket
    looked INTEGER NOT NULL,       -- the last version that was looked at
    events INTEGER NOT NULL,       -- the number of its last event
    delivered INTEGER NOT NULL,    -- the last event that arrived
    tries INTEGER NOT NULL,        -- that failed since something arrived
    wake INTEGER                   -- when something is to be done, in ms
) STRICT, WITHOUT ROWID;

CREATE TABLE subscription_event (
    subscription TEXT NOT NULL,
    number INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    id TEXT NOT NULL,              -- of the resource that it is about
    is_new INTEGER NOT NULL,       -- 1 when that was made, 0 when it was changed
    happened INTEGER NOT NULL,     -- in ms
    PRIMARY KEY (subscription, number)
) STRICT, WITHOUT ROWID;
