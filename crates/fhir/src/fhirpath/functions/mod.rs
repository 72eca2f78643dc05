//! The functions: their names, how many arguments they take, and where each
//! is found.

mod aggregate;
mod boundary;
mod conversion;
mod encoding;
mod existence;
mod factory;
mod fhir;
mod filtering;
mod math;
mod parts;
mod pattern;
mod sets;
mod strings;
mod utility;

use std::ops::RangeInclusive;

use super::context::Context;
use super::error::EvaluationError;
use super::evaluate::{Found, Scope, apart, truth_of};
use super::expression::{Call, Expr};
use super::item::{Collection, Item};

pub(super) use conversion::text as value_text;
pub use pattern::PATTERN_BYTES_MAX;

/// What the arguments of a function are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArgumentKind {
    /// Expressions.
    Expression,
    /// One type.
    Type,
    /// Expressions that may be marked as descending.
    SortKey,
}

macro_rules! functions {
    ($($variant:ident $name:literal $arguments:expr, $module:ident;)*) => {
        /// A function of FHIRPath.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Function { $($variant,)* Factory(factory::Kind) }

        impl Function {
            pub(super) fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// How many arguments it takes.
            pub(super) fn arguments(self) -> RangeInclusive<usize> {
                match self {
                    $(Self::$variant => $arguments,)*
                    Self::Factory(kind) => kind.arguments(),
                }
            }
        }

        /// Applies a function to what is left of it.
        pub(super) fn apply<'a>(
            call: &'a Call,
            input: Collection<'a>,
            scope: Scope<'_, 'a>,
            context: &Context<'a>,
        ) -> Found<'a> {
            let arguments = Arguments { call, scope, context };
            match call.function {
                $(Function::$variant => $module::apply(call.function, input, &arguments),)*
                Function::Factory(kind) => factory::apply(kind, &arguments),
            }
        }
    };
}

functions! {
    Empty "empty" 0..=0, existence;
    Exists "exists" 0..=1, existence;
    All "all" 1..=1, existence;
    AllTrue "allTrue" 0..=0, existence;
    AnyTrue "anyTrue" 0..=0, existence;
    AllFalse "allFalse" 0..=0, existence;
    AnyFalse "anyFalse" 0..=0, existence;
    Count "count" 0..=0, existence;
    Not "not" 0..=0, existence;

    SubsetOf "subsetOf" 1..=1, sets;
    SupersetOf "supersetOf" 1..=1, sets;
    Distinct "distinct" 0..=0, sets;
    IsDistinct "isDistinct" 0..=0, sets;
    Intersect "intersect" 1..=1, sets;
    Exclude "exclude" 1..=1, sets;
    Union "union" 1..=1, sets;
    Combine "combine" 1..=2, sets;

    Where "where" 1..=1, filtering;
    Select "select" 1..=1, filtering;
    Repeat "repeat" 1..=1, filtering;
    RepeatAll "repeatAll" 1..=1, filtering;
    Single "single" 0..=0, filtering;
    First "first" 0..=0, filtering;
    Last "last" 0..=0, filtering;
    Tail "tail" 0..=0, filtering;
    Skip "skip" 1..=1, filtering;
    Take "take" 1..=1, filtering;
    Sort "sort" 0..=10, filtering;
    Children "children" 0..=0, filtering;
    Descendants "descendants" 0..=0, filtering;

    Aggregate "aggregate" 1..=2, aggregate;
    Sum "sum" 0..=0, aggregate;
    Min "min" 0..=0, aggregate;
    Max "max" 0..=0, aggregate;
    Average "avg" 0..=0, aggregate;

    ToBoolean "toBoolean" 0..=0, conversion;
    ConvertsToBoolean "convertsToBoolean" 0..=0, conversion;
    ToInteger "toInteger" 0..=0, conversion;
    ConvertsToInteger "convertsToInteger" 0..=0, conversion;
    ToLong "toLong" 0..=0, conversion;
    ConvertsToLong "convertsToLong" 0..=0, conversion;
    ToDecimal "toDecimal" 0..=0, conversion;
    ConvertsToDecimal "convertsToDecimal" 0..=0, conversion;
    ToString "toString" 0..=0, conversion;
    ConvertsToString "convertsToString" 0..=0, conversion;
    ToDate "toDate" 0..=0, conversion;
    ConvertsToDate "convertsToDate" 0..=0, conversion;
    ToDateTime "toDateTime" 0..=0, conversion;
    ConvertsToDateTime "convertsToDateTime" 0..=0, conversion;
    ToTime "toTime" 0..=0, conversion;
    ConvertsToTime "convertsToTime" 0..=0, conversion;
    ToQuantity "toQuantity" 0..=1, conversion;
    ConvertsToQuantity "convertsToQuantity" 0..=1, conversion;

    IndexOf "indexOf" 1..=1, strings;
    LastIndexOf "lastIndexOf" 1..=1, strings;
    Substring "substring" 1..=2, strings;
    StartsWith "startsWith" 1..=1, strings;
    EndsWith "endsWith" 1..=1, strings;
    Contains "contains" 1..=1, strings;
    Upper "upper" 0..=0, strings;
    Lower "lower" 0..=0, strings;
    Replace "replace" 2..=2, strings;
    Length "length" 0..=0, strings;
    ToChars "toChars" 0..=0, strings;
    Trim "trim" 0..=0, strings;
    Split "split" 1..=1, strings;
    Join "join" 0..=1, strings;

    Matches "matches" 1..=2, pattern;
    MatchesFull "matchesFull" 1..=2, pattern;
    ReplaceMatches "replaceMatches" 2..=3, pattern;

    Encode "encode" 1..=1, encoding;
    Decode "decode" 1..=1, encoding;
    Escape "escape" 1..=1, encoding;
    Unescape "unescape" 1..=1, encoding;

    Abs "abs" 0..=0, math;
    Ceiling "ceiling" 0..=0, math;
    Exp "exp" 0..=0, math;
    Floor "floor" 0..=0, math;
    Ln "ln" 0..=0, math;
    Log "log" 1..=1, math;
    Power "power" 1..=1, math;
    Round "round" 0..=1, math;
    Sqrt "sqrt" 0..=0, math;
    Truncate "truncate" 0..=0, math;

    LowBoundary "lowBoundary" 0..=1, boundary;
    HighBoundary "highBoundary" 0..=1, boundary;
    Precision "precision" 0..=0, boundary;

    YearOf "yearOf" 0..=0, parts;
    MonthOf "monthOf" 0..=0, parts;
    DayOf "dayOf" 0..=0, parts;
    HourOf "hourOf" 0..=0, parts;
    MinuteOf "minuteOf" 0..=0, parts;
    SecondOf "secondOf" 0..=0, parts;
    MillisecondOf "millisecondOf" 0..=0, parts;
    TimezoneOffsetOf "timezoneOffsetOf" 0..=0, parts;
    DateOf "dateOf" 0..=0, parts;
    TimeOf "timeOf" 0..=0, parts;

    Iif "iif" 2..=3, utility;
    Trace "trace" 1..=2, utility;
    Now "now" 0..=0, utility;
    Today "today" 0..=0, utility;
    TimeOfDay "timeOfDay" 0..=0, utility;
    DefineVariable "defineVariable" 1..=2, utility;
    Type "type" 0..=0, utility;
    Comparable "comparable" 1..=1, utility;

    Extension "extension" 1..=1, fhir;
    HasExtension "hasExtension" 1..=1, fhir;
    HasValue "hasValue" 0..=0, fhir;
    GetValue "getValue" 0..=0, fhir;
    Resolve "resolve" 0..=0, fhir;
    ConformsTo "conformsTo" 1..=1, fhir;
    MemberOf "memberOf" 1..=1, fhir;
    ElementDefinition "elementDefinition" 0..=0, fhir;
    Slice "slice" 2..=2, fhir;
    CheckModifiers "checkModifiers" 0..=20, fhir;
    HtmlChecks "htmlChecks" 0..=0, fhir;
    Subsumes "subsumes" 1..=1, fhir;
    SubsumedBy "subsumedBy" 1..=1, fhir;
}

impl Function {
    /// A function of `%factory`.
    pub(super) fn of_factory(name: &str) -> Option<Self> {
        factory::Kind::from_name(name).map(Self::Factory)
    }

    pub(super) fn argument_kind(self) -> ArgumentKind {
        match self {
            Self::Sort => ArgumentKind::SortKey,
            Self::Factory(factory::Kind::Create) => ArgumentKind::Type,
            _ => ArgumentKind::Expression,
        }
    }

    /// Whether its arguments are evaluated for each item, which they see as `$this`.
    pub(super) fn is_for_each(self) -> bool {
        matches!(
            self,
            Self::Where
                | Self::Select
                | Self::Repeat
                | Self::RepeatAll
                | Self::All
                | Self::Exists
                | Self::Sort
                | Self::Aggregate
        )
    }

    /// Whether it works on texts only.
    pub(super) fn takes_text(self) -> bool {
        matches!(
            self,
            Self::IndexOf
                | Self::LastIndexOf
                | Self::Substring
                | Self::StartsWith
                | Self::EndsWith
                | Self::Contains
                | Self::Upper
                | Self::Lower
                | Self::Replace
                | Self::Length
                | Self::ToChars
                | Self::Trim
                | Self::Split
                | Self::Matches
                | Self::MatchesFull
                | Self::ReplaceMatches
        )
    }

    /// Whether what it gives depends on the order of its input.
    pub(super) fn needs_order(self) -> bool {
        matches!(
            self,
            Self::First | Self::Last | Self::Tail | Self::Skip | Self::Take
        )
    }
}

/// The arguments of a call, and what they are evaluated with.
pub(super) struct Arguments<'c, 's, 'a> {
    call: &'a Call,
    scope: Scope<'s, 'a>,
    pub(super) context: &'c Context<'a>,
}

impl<'a> Arguments<'_, '_, 'a> {
    fn has(&self, position: usize) -> bool {
        position < self.call.arguments.len()
    }

    fn expression(&self, position: usize) -> Option<&'a Expr> {
        self.call.arguments.get(position)
    }

    /// An argument, evaluated where the call stands; nothing when it is not there.
    fn items(&self, position: usize) -> Found<'a> {
        match self.expression(position) {
            Some(argument) => apart(argument, self.scope, self.context),
            None => Ok(Vec::new()),
        }
    }

    /// The one item of an argument.
    fn item(&self, position: usize) -> Result<Option<Item<'a>>, EvaluationError> {
        one(self.items(position)?)
    }

    /// The one text of an argument; nothing when it has none.
    fn text(&self, position: usize) -> Result<Option<std::borrow::Cow<'a, str>>, EvaluationError> {
        match self.item(position)? {
            None => Ok(None),
            Some(item) => text_of(&item),
        }
    }

    /// The one integer of an argument.
    fn integer(&self, position: usize) -> Result<Option<i64>, EvaluationError> {
        match self.item(position)? {
            None => Ok(None),
            Some(item) if is_without_value(&item) => Ok(None),
            Some(item) => super::arithmetic::integer(&item).map(Some),
        }
    }

    /// An argument, evaluated for one item.
    fn for_item(&self, position: usize, item: &Item<'a>, index: usize) -> Found<'a> {
        let Some(argument) = self.expression(position) else {
            return Ok(vec![item.clone()]);
        };
        let scope = Scope {
            this: std::slice::from_ref(item),
            index: Some(index),
            total: self.scope.total,
        };
        apart(argument, scope, self.context)
    }

    /// Whether a criterion holds for one item.
    fn holds(&self, item: &Item<'a>, index: usize) -> Result<bool, EvaluationError> {
        let Some(criterion) = self.expression(0) else {
            return Ok(true);
        };
        let scope = Scope {
            this: std::slice::from_ref(item),
            index: Some(index),
            total: self.scope.total,
        };
        Ok(truth_of(criterion, scope, self.context)? == Some(true))
    }
}

/// The one item of a collection.
fn one(mut items: Collection<'_>) -> Result<Option<Item<'_>>, EvaluationError> {
    match items.len() {
        0 | 1 => Ok(items.pop()),
        _ => Err(EvaluationError::NotSingle),
    }
}

/// The text of an item; nothing of a primitive without a value.
fn text_of<'a>(item: &Item<'a>) -> Result<Option<std::borrow::Cow<'a, str>>, EvaluationError> {
    match item.text() {
        Some(text) => Ok(Some(text)),
        None if is_without_value(item) => Ok(None),
        None => Err(EvaluationError::Expected("a string")),
    }
}

fn is_without_value(item: &Item<'_>) -> bool {
    matches!(item, Item::Element(element) if element.node.is_none())
}

#[expect(clippy::unnecessary_wraps, reason = "it ends a function that may fail")]
fn boolean<'a>(value: bool) -> Found<'a> {
    Ok(vec![Item::Boolean(value)])
}

#[expect(clippy::unnecessary_wraps, reason = "it ends a function that may fail")]
fn just(item: Item<'_>) -> Found<'_> {
    Ok(vec![item])
}

#[expect(clippy::unnecessary_wraps, reason = "it ends a function that may fail")]
fn nothing<'a>() -> Found<'a> {
    Ok(Vec::new())
}
