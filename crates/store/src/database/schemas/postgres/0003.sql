-- Subscriptions: how far each has come. Their events are found among the
-- versions, which are in the order of their commits.

CREATE TABLE subscription (
    id TEXT COLLATE "C" PRIMARY KEY, -- of the Subscription resource
    version BIGINT NOT NULL,         -- of that resource
    subscriber TEXT COLLATE "C" NOT NULL, -- in whose name it is
    state BIGINT NOT NULL,           -- 0 requested, 1 active, 2 off, 3 error
    channel BIGINT NOT NULL,         -- 0 rest-hook, 1 websocket
    looked BIGINT NOT NULL,          -- the last version that was looked at
    events BIGINT NOT NULL,          -- the number of its last event
    delivered BIGINT NOT NULL,       -- the last event that arrived
    tries BIGINT NOT NULL,           -- that failed since something arrived
    wake BIGINT                      -- when something is to be done, in ms
);

CREATE TABLE subscription_event (
    subscription TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,    -- of the resource that it is about
    is_new BIGINT NOT NULL,          -- 1 when that was made, 0 when it was changed
    happened BIGINT NOT NULL,        -- in ms
    PRIMARY KEY (subscription, number)
);
