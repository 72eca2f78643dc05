//! The parts that several pages share.

/// How urgent something looks. It is always said in words too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// All is well.
    Good,
    /// Good to know.
    Info,
    /// Needs attention.
    Warn,
    /// Needs attention now.
    Danger,
}

impl Tone {
    /// The class that gives the colour.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "ok",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Danger => "danger",
        }
    }
}

/// A word about a row, such as "gestopt".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// How urgent it looks.
    pub tone: Tone,
    /// The word.
    pub text: String,
}

impl Tag {
    /// A tag.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self {
            tone,
            text: text.into(),
        }
    }
}

/// A label with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The label.
    pub label: String,
    /// The value.
    pub value: String,
}

impl Labelled {
    /// A label with its value.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            value: value.into(),
        }
    }
}

/// An option of a list to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What the reader sees.
    pub label: String,
    /// Whether it is chosen now.
    pub chosen: bool,
}

/// Who the patient is, above every page about them. It shows the BSN, because
/// who treats must see that this is the right person (Wabvpz art. 5).
#[derive(Debug, Clone)]
pub struct Banner {
    /// The name; "Naam niet bekend" is written out by who fills it.
    pub name: String,
    /// The date of birth in words.
    pub born: String,
    /// The age in words.
    pub age: Option<String>,
    /// The administrative gender in words.
    pub sex: String,
    /// The nine digits.
    pub bsn: String,
    /// The date of death in words.
    pub died: Option<String>,
    /// Whether the record is open by emergency access.
    pub emergency: bool,
}

/// The sources of a combined record and how each answered.
#[derive(Debug, Clone)]
pub struct Sources {
    /// "5 van 7 bronnen hebben geantwoord".
    pub verdict: String,
    /// When they were asked, in words.
    pub asked_at: String,
    /// One row per organisation.
    pub rows: Vec<SourceRow>,
}

/// How one source answered.
#[derive(Debug, Clone)]
pub struct SourceRow {
    /// The organisation.
    pub name: String,
    /// One of the four states, in words.
    pub state: String,
    /// A sign for the state, beside the words.
    pub symbol: &'static str,
    /// The colour of the state.
    pub tone: Tone,
}

/// One section of a record: rows of facts.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// Its id within the page.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What it is, for patients.
    pub explain: Option<String>,
    /// Whether it stands out, as alerts and allergies do.
    pub prominent: bool,
    /// The rows to show at once.
    pub rows: Vec<Fact>,
    /// The rows behind "show more".
    pub more: Vec<Fact>,
    /// The text of "show more".
    pub more_label: String,
    /// What to say when there is no row: who said none, who did not answer.
    pub empty: String,
    /// Whether a source did not answer or may not be asked.
    pub incomplete: bool,
}

impl Section {
    /// The rows in all.
    pub fn total(&self) -> usize {
        self.rows.len() + self.more.len()
    }
}

/// One fact, from one source or from several that say the same.
#[derive(Debug, Clone, Default)]
pub struct Fact {
    /// What it is.
    pub title: String,
    /// More about it, a line each.
    pub lines: Vec<String>,
    /// Words about its state.
    pub tags: Vec<Tag>,
    /// Its date, in words.
    pub date: String,
    /// "3 bronnen", for a group.
    pub source_count: String,
    /// The text that opens a group: what differs.
    pub open_label: String,
    /// Why these were put together.
    pub grouped_because: Option<String>,
    /// The names of the cells of each record.
    pub columns: Vec<String>,
    /// What each source recorded.
    pub records: Vec<FactRecord>,
    /// The form that takes the group apart, or puts it together again.
    pub apart: Option<Apart>,
}

/// A group that the reader can take apart, or took apart.
#[derive(Debug, Clone)]
pub struct Apart {
    /// Where the form goes.
    pub path: String,
    /// Which group.
    pub group: String,
    /// Which section to come back to.
    pub section: String,
    /// Whether it was taken apart.
    pub is_apart: bool,
    /// Whether the row has the form that puts it together: the first of them.
    pub is_first: bool,
}

impl Fact {
    /// Whether more than one source recorded it.
    pub fn is_group(&self) -> bool {
        self.records.len() > 1
    }

    /// The only record, where there is one.
    pub fn single(&self) -> Option<&FactRecord> {
        if let [record] = self.records.as_slice() {
            Some(record)
        } else {
            None
        }
    }
}

/// What one source recorded of a fact.
#[derive(Debug, Clone)]
pub struct FactRecord {
    /// The organisation.
    pub source: String,
    /// The page that tells where it comes from.
    pub path: String,
    /// The values, one per column.
    pub cells: Vec<Cell>,
}

/// One value of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The value; empty where the source gives none.
    pub text: String,
    /// Whether the sources differ here.
    pub differs: bool,
}

/// A section of measured values: laboratory results or vital signs.
#[derive(Debug, Clone, Default)]
pub struct Measurements {
    /// Its id within the page.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What it is, for patients.
    pub explain: Option<String>,
    /// Whether it stands out.
    pub prominent: bool,
    /// The rows to show at once.
    pub rows: Vec<MeasureRow>,
    /// The rows behind "show more".
    pub more: Vec<MeasureRow>,
    /// The text of "show more".
    pub more_label: String,
    /// What to say when there is no row.
    pub empty: String,
    /// Whether a source did not answer or may not be asked.
    pub incomplete: bool,
}

impl Measurements {
    /// The rows in all.
    pub fn total(&self) -> usize {
        self.rows.len() + self.more.len()
    }
}

/// The latest value of one measurement.
#[derive(Debug, Clone)]
pub struct MeasureRow {
    /// What was measured.
    pub name: String,
    /// The value as the source wrote it.
    pub value: String,
    /// The unit; empty where there is none.
    pub unit: String,
    /// Too high, too low.
    pub flag: Option<Flag>,
    /// The limits that came with it.
    pub range: Option<String>,
    /// Earlier values, where there are any.
    pub trend: Option<TrendLink>,
    /// Its date, in words.
    pub date: String,
    /// The organisation that reported it.
    pub source: String,
    /// The page that tells where it comes from.
    pub path: String,
    /// The other sources that have it: name and page.
    pub others: Vec<(String, String)>,
    /// Repeated, provisional, without a national code.
    pub tags: Vec<Tag>,
}

/// A sparkline that leads to its chart.
#[derive(Debug, Clone)]
pub struct TrendLink {
    /// The page with the chart.
    pub path: String,
    /// The SVG, made by [`crate::chart::sparkline`], which escapes all text.
    pub sparkline: String,
}

/// What is special about a value, as a sign and as a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The sign, such as ↑.
    pub symbol: &'static str,
    /// The word, such as "hoog".
    pub word: String,
    /// How urgent it looks.
    pub tone: Tone,
}
