-- The first schema. How it is meant to be read:
--
-- * A resource has one row in `resource` for as long as the file lives; its
--   number `rid` is `kind << 32 | sequence`, so all resources of a kind lie
--   next to each other and no index needs to say the kind. A resource that
--   others refer to gets its row before it comes itself (state 2).
-- * `version` keeps every version; its number `vid` rises with time.
-- * The index tables map a value to resources. Every one of them ends in
--   `rid`, so one value gives its resources in a fixed order, which is the
--   order of pages. `resource.entries` holds the same values per resource:
--   for conditions, sorting, includes, and to take the rows out again.

-- Words that many rows share: resource types, parameters, code systems.
CREATE TABLE name (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE resource (
    rid INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    id TEXT NOT NULL,
    state INTEGER NOT NULL,    -- 0 live, 1 deleted, 2 only referred to
    version INTEGER NOT NULL,
    vid INTEGER NOT NULL,      -- the current version
    updated INTEGER NOT NULL,  -- milliseconds since 1970 UTC
    labels INTEGER NOT NULL,   -- data categories, as bits
    patient INTEGER NOT NULL,  -- rid of the patient; 0 none, -1 several
    entries BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX resource_identity ON resource (id, kind);
CREATE INDEX resource_updated ON resource (kind, updated);

CREATE TABLE version (
    vid INTEGER PRIMARY KEY,
    rid INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    version INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    interaction INTEGER NOT NULL, -- 0 create, 1 update, 2 delete
    labels INTEGER NOT NULL,
    patient INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX version_of ON version (rid, version);
CREATE INDEX version_kind ON version (kind);

CREATE TABLE token (
    param INTEGER NOT NULL,
    code TEXT NOT NULL,
    rid INTEGER NOT NULL,
    system INTEGER NOT NULL,   -- 0 none
    PRIMARY KEY (param, code, rid, system)
) STRICT, WITHOUT ROWID;

CREATE TABLE string (
    param INTEGER NOT NULL,
    folded TEXT NOT NULL,
    rid INTEGER NOT NULL,
    PRIMARY KEY (param, folded, rid)
) STRICT, WITHOUT ROWID;

CREATE TABLE date (
    param INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    PRIMARY KEY (param, low, high, rid)
) STRICT, WITHOUT ROWID;

-- Dates that last longer than a day, by their end.
CREATE TABLE period (
    param INTEGER NOT NULL,
    high INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    PRIMARY KEY (param, high, rid)
) STRICT, WITHOUT ROWID;

CREATE TABLE number (
    param INTEGER NOT NULL,
    low REAL NOT NULL,
    high REAL NOT NULL,
    rid INTEGER NOT NULL,
    PRIMARY KEY (param, low, high, rid)
) STRICT, WITHOUT ROWID;

CREATE TABLE reference (
    param INTEGER NOT NULL,
    target INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    PRIMARY KEY (param, target, rid)
) STRICT, WITHOUT ROWID;

-- The patient compartment.
CREATE TABLE member (
    patient INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    PRIMARY KEY (patient, rid)
) STRICT, WITHOUT ROWID;

-- Which Patient resource has which BSN.
CREATE TABLE patient (
    rid INTEGER PRIMARY KEY,
    bsn TEXT NOT NULL
) STRICT;
CREATE INDEX patient_bsn ON patient (bsn);

-- The data categories held on a patient, ever.
CREATE TABLE holding (
    bsn TEXT NOT NULL PRIMARY KEY,
    labels INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bsn TEXT NOT NULL,
    categories INTEGER NOT NULL,
    added INTEGER NOT NULL
) STRICT;

CREATE TABLE message (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    sender TEXT NOT NULL,      -- empty when unknown
    control_id TEXT,
    kind TEXT,
    sha256 BLOB NOT NULL,
    received INTEGER NOT NULL,
    state INTEGER NOT NULL,    -- 0 accepted, 1 refused, 2 replayed
    error TEXT,
    size INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX message_same ON message (sha256, channel, sender);
CREATE INDEX message_state ON message (state, received);

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    recorded INTEGER NOT NULL,
    patient TEXT,
    body BLOB NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;
CREATE INDEX audit_patient ON audit (patient, seq) WHERE patient IS NOT NULL;
CREATE TRIGGER audit_stays_as_it_is BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- Counts that are kept as rows change: resources by kind (name id), and
-- laboratory observations with (-1) and without (-2) a LOINC code.
CREATE TABLE tally (
    what INTEGER PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT;
