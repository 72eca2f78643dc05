//! The limits of the store, each with its unit. Passing one answers
//! [`crate::StoreError::LimitExceeded`] with its name.

/// Changes in one write.
pub const CHANGES_MAX: usize = 10_000;
/// Bytes of one resource, as it is stored.
pub const RESOURCE_BYTES_MAX: usize = 16 << 20;
/// Values that one resource may be found by.
pub const INDEX_VALUES_MAX: usize = 20_000;

/// Search parameters that SearchParameter resources may add.
pub const ADDED_PARAMETERS_MAX: usize = 200;

/// Parameters in one query.
pub const PARAMETERS_MAX: usize = 64;
/// Alternatives (separated by commas) in one parameter.
pub const VALUES_MAX: usize = 200;
/// Bytes of the value of one parameter.
pub const VALUE_BYTES_MAX: usize = 16 << 10;
/// Links in a chain or nested `_has`.
pub const CHAIN_LINKS_MAX: usize = 5;
/// Types that the chains of one query may lead to, where they do not say which.
pub const CHAIN_BRANCHES_MAX: usize = 2_000;
/// Parentheses within parentheses in `_filter`.
pub const FILTER_DEPTH_MAX: usize = 16;
/// Comparisons in one `_filter`.
pub const FILTER_COMPARISONS_MAX: usize = 64;
/// Codes in a set that is asked for.
pub const VALUE_SET_CODES_MAX: usize = 20_000;
/// Value sets that one value set is made of, itself included.
pub const VALUE_SETS_MAX: usize = 16;
/// Resources that a link in a chain may find.
pub const CHAIN_FINDS_MAX: usize = 1_000_000;
/// Keys in `_sort`.
pub const SORT_KEYS_MAX: usize = 4;
/// Matches on one page.
pub const PAGE_MAX: usize = 1_000;
/// Bytes of resources after which a page of a walk ends.
pub const WALK_BYTES_MAX: usize = 4 << 20;
/// Matches on one page when `_count` does not say.
pub const PAGE_DEFAULT: usize = 50;
/// Resources on one page of what there is of a patient (`$everything`).
pub const WHOLE_PAGE_MAX: usize = 10_000;
/// `_include` and `_revinclude` in one query.
pub const INCLUDES_MAX: usize = 32;
/// Resources that one page brings along.
pub const INCLUDED_MAX: usize = 5_000;
/// Rounds of `:iterate`.
pub const INCLUDE_ROUNDS_MAX: usize = 8;
/// Observations of each code that `$lastn` may be asked for.
pub const LAST_N_MAX: usize = 100;
/// Observations that `$lastn` looks at.
pub const LAST_N_LOOKED_AT_MAX: usize = 50_000;
/// Profiles, tags and security labels that `$meta` of a type tells.
pub const META_VALUES_MAX: usize = 1_000;
/// Seconds that one search may take.
pub const SEARCH_SECONDS_MAX: usize = 10;

/// Milliseconds that what was written to be durable soon may wait for the disk
/// (docs/adr/0009-reading-waits-for-no-disk.md).
pub const OWED_MS_MAX: usize = 50;

/// Entries in one list of messages, audit lines or events.
pub const LIST_MAX: usize = 10_000;
/// Messages that are counted for one filter; more are «that many or more».
pub const MESSAGES_COUNTED_MAX: usize = 10_000;
/// Bytes of one message.
pub const MESSAGE_BYTES_MAX: usize = 64 << 20;
/// Audit lines in one call.
pub const AUDIT_LINES_MAX: usize = 10_000;

/// Subscriptions in one store, those that are off included.
pub const SUBSCRIPTIONS_MAX: usize = 200;
/// Events of one subscription that are kept after they arrived.
pub const SUBSCRIPTION_EVENTS_KEPT_MAX: usize = 1_000;

/// Writes of callers that may wait for the writer; more wait at their caller.
pub const WAITING_WRITES_MAX: usize = 1_024;
/// Writes that share one commit.
pub const GROUP_WRITES_MAX: usize = 512;
/// Milliseconds after which a group takes no more writes.
pub const GROUP_MS_MAX: usize = 25;
