//! Verdicts in words: on the page of a device, beside its form, on the pages of sites and bodies,
//! and what the pages of the whole census have in common.

use super::App;
use super::error::Error;
use super::form;
use super::guard::Signed;
use super::page::Page;
use super::query::{self, Chip, Standpoint};
use crate::census::adhesion::in_italian;
use crate::census::criterion::{Criterion, Level};
use crate::census::fact::{Fact, Facts, Whom};
use crate::census::filter::Filter;
use crate::census::origin::Declared;
use crate::census::overview::{Answers, Outcomes, Overview};
use crate::census::person::Viewer;
use crate::census::record::Record;
use crate::census::revision::Source;
use crate::census::verdict::{Answer, Outcome, Verdict, lacking};
use crate::census::vocabulary::{Field, Kind, Term};
use crate::clock;
use crate::register;
use crate::register::compatibility::Basis;
use crate::register::find::{Choice, Choices, Names};
use crate::register::verdict::{Opened, Origin};
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::fs::File;
use std::io::Seek;
use tokio_util::io::ReaderStream;

/// Where the overview is.
pub const OVERVIEW: &str = "/compatibilita";
/// Where the list of devices with their verdict is.
pub const LIST: &str = "/compatibilita/dispositivi";
/// Where what is not known is.
pub const LACKING: &str = "/compatibilita/mancanti";

/// The criteria a verdict is by, and of which day it is.
#[derive(Debug)]
pub struct By {
    /// Name and version.
    pub criteria: String,
    /// What the set says of itself.
    pub note: String,
    /// The day.
    pub day: String,
}

impl By {
    /// By what a basis judges.
    #[must_use]
    pub fn of(basis: &Basis) -> Self {
        Self {
            criteria: format!(
                "«{}», versione {}",
                basis.edition.name, basis.criteria.version
            ),
            note: basis.criteria.note.clone(),
            day: in_italian(&basis.day),
        }
    }
}

/// A fact that decides a criterion, as a page shows it.
#[derive(Debug)]
pub(super) struct FactView {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) known: bool,
    pub(super) origin: String,
    /// A page that says more, and what it is called.
    pub(super) link: Option<(String, String)>,
}

/// A criterion with its answer, as a page shows it.
#[derive(Debug)]
pub(super) struct CriterionView {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) answer: &'static str,
    pub(super) answer_label: &'static str,
    pub(super) level: &'static str,
    pub(super) area: &'static str,
    pub(super) about: &'static str,
    pub(super) source: String,
    pub(super) grade: String,
    pub(super) condition: String,
    pub(super) facts: Vec<FactView>,
    /// What would satisfy it; empty when nothing has to.
    pub(super) remedy: String,
    /// What to ask and whom, when the answer is not known.
    pub(super) asks: Vec<String>,
}

/// Criteria that belong together.
#[derive(Debug)]
pub(super) struct GroupView {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) criteria: Vec<CriterionView>,
}

/// The verdict on a device, opened down to the values.
#[derive(Debug)]
pub struct DeviceView {
    pub(super) outcome: &'static str,
    pub(super) label: &'static str,
    pub(super) meaning: &'static str,
    pub(super) by: By,
    pub(super) groups: Vec<GroupView>,
}

impl DeviceView {
    /// The verdict on a device.
    #[must_use]
    pub fn of(opened: &Opened, record: &Record, names: impl Fn(Field, &str) -> String) -> Self {
        let facts = opened.basis.facts(record);
        let each = opened.basis.criteria.criteria.iter();
        let all: Vec<_> = each.zip(opened.verdict.answers.iter().copied()).collect();
        let groups = GROUPS.map(|(id, title, belongs)| GroupView {
            id,
            title,
            criteria: all
                .iter()
                .filter(|(criterion, answer)| belongs(criterion, *answer))
                .map(|(criterion, answer)| {
                    criterion_view(opened, &facts, &names, criterion, *answer)
                })
                .collect(),
        });
        let outcome = opened.verdict.outcome;
        Self {
            outcome: outcome.name(),
            label: outcome.label(),
            meaning: outcome.meaning(),
            by: By::of(&opened.basis),
            groups: groups
                .into_iter()
                .filter(|group| !group.criteria.is_empty())
                .collect(),
        }
    }
}

type Belongs = fn(&Criterion, Answer) -> bool;

/// The groups of criteria on the page of a device: what stands in the way first.
const GROUPS: [(&str, &str, Belongs); 5] = [
    ("impedisce", "Che cosa lo impedisce", |criterion, answer| {
        answer == Answer::Unmet && is_necessary(criterion)
    }),
    ("non-noto", "Che cosa non si sa", |criterion, answer| {
        answer == Answer::Unknown && is_necessary(criterion)
    }),
    (
        "migliorare",
        "Da migliorare o da sapere, ma non necessari",
        |criterion, answer| {
            matches!(answer, Answer::Unmet | Answer::Unknown) && !is_necessary(criterion)
        },
    ),
    ("soddisfatti", "Soddisfatti", |_, answer| {
        answer == Answer::Met
    }),
    ("non-applicabili", "Non applicabili", |_, answer| {
        answer == Answer::Beside
    }),
];

fn is_necessary(criterion: &Criterion) -> bool {
    criterion.level == Level::Necessary
}

fn criterion_view(
    opened: &Opened,
    facts: &Facts<'_>,
    names: impl Fn(Field, &str) -> String,
    criterion: &Criterion,
    answer: Answer,
) -> CriterionView {
    let open = matches!(answer, Answer::Unmet | Answer::Unknown);
    let remedy = criterion.remedy.as_deref().filter(|_| open);
    let remedy = remedy.and_then(|id| opened.basis.criteria.remedy(id));
    CriterionView {
        id: criterion.id.clone(),
        text: criterion.text.clone(),
        answer: answer.name(),
        answer_label: answer.label(),
        level: criterion.level.label(),
        area: criterion.area.label(),
        about: criterion.about.label(),
        source: criterion.source.clone(),
        grade: format!("{}: {}", criterion.grade.name(), criterion.grade.label()),
        condition: criterion.condition.clone(),
        facts: criterion
            .facts()
            .into_iter()
            .map(|fact| fact_view(opened, facts, &names, fact))
            .collect(),
        remedy: remedy.map_or_else(String::new, |remedy| {
            let unit = remedy.unit.label().to_lowercase();
            format!("{} (si conta per {unit})", remedy.name)
        }),
        asks: lacking(criterion, facts)
            .into_iter()
            .filter_map(Fact::asked)
            .map(|asked| format!("{}: {}", asked.label, whom_in_sentence(asked.whom)))
            .collect(),
    }
}

/// Whom to ask, after a colon.
const fn whom_in_sentence(whom: Whom) -> &'static str {
    match whom {
        Whom::Body => "lo dice l’ente",
        Whom::Maker => "lo dice il produttore o il fornitore",
        Whom::Coordinator => "lo dice chi coordina il censimento",
    }
}

fn fact_view(
    opened: &Opened,
    facts: &Facts<'_>,
    names: impl Fn(Field, &str) -> String,
    fact: Fact,
) -> FactView {
    let given = facts.given(fact);
    let asked = fact.asked();
    let value = match (fact, asked) {
        (Fact::Device(field), _) if is_code(field) && !facts.record.text(field).is_empty() => {
            names(field, facts.record.text(field))
        }
        (_, Some(asked)) => asked.words(given),
        (_, None) => String::new(),
    };
    let (origin, link) = origin_words(opened.origins.get(&fact));
    FactView {
        label: fact.label(),
        known: given != crate::census::fact::Given::Unknown,
        value,
        origin,
        link,
    }
}

/// Whether the value is a code of the installation.
fn is_code(field: Field) -> bool {
    matches!(field.attribute().kind, Kind::Body | Kind::Municipality)
}

fn origin_words(origin: Option<&Origin>) -> (String, Option<(String, String)>) {
    match origin {
        None => (String::new(), None),
        Some(Origin::Device(declared)) => (declared_words(declared), None),
        Some(Origin::Body {
            author,
            at,
            number,
            date,
            document,
        }) => {
            let date = in_italian(date);
            let act = [&**number, &*date]
                .into_iter()
                .filter(|one| !one.is_empty());
            let act = act.collect::<Vec<_>>().join(", ");
            let who = format!("Registrato da {author}, {}", clock::words(*at));
            let words = if act.is_empty() {
                who
            } else {
                format!("{who}: {act}")
            };
            let link = document
                .as_ref()
                .map(|(id, name)| (format!("/documenti/{id}"), name.clone()));
            (words, link)
        }
        Some(Origin::Site(id)) => (
            String::new(),
            Some((format!("/siti/{id}"), "La pagina del sito".to_owned())),
        ),
        Some(Origin::Catalogue) => ("Dal catalogo".to_owned(), None),
        Some(Origin::Installation) => ("Dall’elenco degli enti".to_owned(), None),
    }
}

/// Who declared a value, and who accepted it.
fn declared_words(declared: &Declared) -> String {
    let how = match declared.source {
        Source::Form => "dal modulo",
        Source::File => "da un file",
        Source::Command => "da un comando",
        Source::Example => "dato di esempio",
    };
    let who = format!(
        "Dichiarato da {}, {}, {how}",
        declared.author,
        clock::words(declared.at)
    );
    match &declared.accepted {
        None => format!("{who}; non ancora convalidato"),
        Some(accepted) if accepted.author.is_empty() => {
            format!("{who}; convalidato, {}", clock::words(accepted.at))
        }
        Some(accepted) => format!(
            "{who}; convalidato da {}, {}",
            accepted.author,
            clock::words(accepted.at)
        ),
    }
}

/// A field of the form that would change an answer.
#[derive(Debug)]
pub(super) struct FieldLink {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
}

/// A necessary criterion that is not met or not known, beside the form.
#[derive(Debug)]
pub(super) struct LiveLine {
    pub(super) answer: &'static str,
    pub(super) answer_label: &'static str,
    pub(super) id: String,
    pub(super) text: String,
    pub(super) fields: Vec<FieldLink>,
    /// What else decides it, that is not in the form.
    pub(super) others: String,
}

/// The verdict on what stands in a form.
#[derive(Debug)]
pub struct LiveView {
    pub(super) outcome: &'static str,
    pub(super) label: &'static str,
    pub(super) meaning: &'static str,
    pub(super) lines: Vec<LiveLine>,
}

impl LiveView {
    /// The verdict on a draft, whose values are these as far as they are understood; nothing where
    /// there is none to give.
    pub async fn of(app: &App, viewer: &Viewer, record: &Record) -> Result<Option<Self>, Error> {
        let judged = app.register.judge_draft(viewer, record).await?;
        Ok(judged.map(|(basis, verdict)| Self::new(&basis, &verdict, record)))
    }

    fn new(basis: &Basis, verdict: &Verdict, record: &Record) -> Self {
        let facts = basis.facts(record);
        let outcome = verdict.outcome;
        let beside = outcome == Outcome::Beside;
        let each = basis.criteria.criteria.iter().zip(&verdict.answers);
        let mut lines: Vec<LiveLine> = each
            .filter(|(criterion, _)| is_necessary(criterion) && !beside)
            .filter(|(_, answer)| matches!(answer, Answer::Unmet | Answer::Unknown))
            .map(|(criterion, answer)| live_line(&facts, criterion, *answer))
            .collect();
        lines.sort_by_key(|line| line.answer != Answer::Unmet.name());
        Self {
            outcome: outcome.name(),
            label: outcome.label(),
            meaning: outcome.meaning(),
            lines,
        }
    }
}

fn live_line(facts: &Facts<'_>, criterion: &Criterion, answer: Answer) -> LiveLine {
    let decide = if answer == Answer::Unknown {
        lacking(criterion, facts)
    } else {
        criterion.facts()
    };
    let mut fields = Vec::new();
    let mut others = Vec::new();
    for fact in decide {
        match fact {
            Fact::Device(field) => fields.push(FieldLink {
                name: form::anchor(field),
                label: form::anchor_label(field),
            }),
            Fact::Today => {}
            other => others.push(other.label()),
        }
    }
    LiveLine {
        answer: answer.name(),
        answer_label: answer.label(),
        id: criterion.id.clone(),
        text: criterion.text.clone(),
        fields,
        others: others.join(", "),
    }
}

/// A number that leads to the devices it counts; no address for none.
#[derive(Debug)]
pub struct Counted {
    /// How it is spelt, for its badge.
    pub code: &'static str,
    /// What it counts.
    pub label: &'static str,
    /// What that means; may be empty.
    pub meaning: &'static str,
    /// The number.
    pub figure: String,
    /// The devices.
    pub href: String,
}

/// The numbers of each outcome among the devices of a filter.
#[must_use]
pub fn outcomes(filter: &Filter, counts: &Outcomes) -> Vec<Counted> {
    let each = Outcome::ALL.into_iter();
    each.map(|outcome| {
        let number = counts.of(outcome);
        Counted {
            code: outcome.name(),
            label: outcome.label(),
            meaning: outcome.meaning(),
            figure: figure(number),
            href: href(number, filter, &[("esito", outcome.name())]),
        }
    })
    .collect()
}

/// The numbers of each answer to a criterion among the devices of a filter.
#[must_use]
pub fn answers(filter: &Filter, id: &str, counts: &Answers) -> Vec<Counted> {
    let each = Answer::ALL.into_iter();
    each.map(|answer| {
        let number = counts.of(answer);
        let asked = [("criterio", id), ("risposta", answer.name())];
        Counted {
            code: answer.name(),
            label: answer.label(),
            meaning: "",
            figure: figure(number),
            href: href(number, filter, &asked),
        }
    })
    .collect()
}

fn href(number: u64, filter: &Filter, asked: &[(&str, &str)]) -> String {
    if number == 0 {
        String::new()
    } else {
        query::address(LIST, filter, asked)
    }
}

/// A whole number as Italians write it.
#[must_use]
pub fn figure(number: u64) -> String {
    query::figure(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A criterion that several devices do not meet, or of which it is not known.
#[derive(Debug)]
pub(super) struct Failing {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) unmet: String,
    pub(super) unmet_href: String,
    pub(super) unknown: String,
    pub(super) unknown_href: String,
}

/// The verdicts on the devices of a site or of a body.
#[derive(Debug)]
pub struct StandingView {
    pub(super) outcome: &'static str,
    pub(super) label: &'static str,
    pub(super) meaning: &'static str,
    /// Which state of the devices is judged.
    pub(super) state: String,
    pub(super) readers: String,
    pub(super) by: By,
    pub(super) counts: Vec<Counted>,
    pub(super) failing: Vec<Failing>,
    pub(super) list: String,
    pub(super) lacking: String,
}

impl StandingView {
    /// The verdicts on the devices of a body, or on those of one site of it.
    pub async fn of(
        app: &App,
        viewer: &Viewer,
        body: &str,
        site: Option<&str>,
    ) -> Result<Option<Self>, Error> {
        let found = app.register.verdicts_at(viewer, body, site).await?;
        let mut filter = Filter::of(viewer);
        filter.take("ente", body)?;
        filter.take("sito", site.unwrap_or_default())?;
        Ok(found.map(|(basis, overview)| Self::new(&filter, &basis, &overview)))
    }

    fn new(filter: &Filter, basis: &Basis, overview: &Overview) -> Self {
        let outcome = overview.all.worst();
        let each = basis.criteria.criteria.iter().zip(&overview.criteria);
        let failing = each
            .filter(|(criterion, _)| is_necessary(criterion))
            .map(|(criterion, counts)| {
                let of = |answer| {
                    let asked = [
                        ("criterio", &*criterion.id),
                        ("risposta", Answer::name(answer)),
                    ];
                    (
                        figure(counts.of(answer)),
                        href(counts.of(answer), filter, &asked),
                    )
                };
                let (unmet, unmet_href) = of(Answer::Unmet);
                let (unknown, unknown_href) = of(Answer::Unknown);
                Failing {
                    id: criterion.id.clone(),
                    text: criterion.text.clone(),
                    unmet,
                    unmet_href,
                    unknown,
                    unknown_href,
                }
            })
            .filter(|one| !one.unmet_href.is_empty() || !one.unknown_href.is_empty());
        Self {
            outcome: outcome.name(),
            label: outcome.label(),
            meaning: outcome.meaning(),
            state: filter.state.label().to_lowercase(),
            readers: query::counted(
                overview.all.readers(),
                "dispositivo che legge targhe",
                "dispositivi che leggono targhe",
            ),
            by: By::of(basis),
            counts: outcomes(filter, &overview.all)
                .into_iter()
                .filter(|one| !one.href.is_empty())
                .collect(),
            failing: failing.collect(),
            list: query::address(LIST, filter, &[]),
            lacking: query::address(LACKING, filter, &[]),
        }
    }
}

/// What the form of filters of these pages offers, and what is chosen in it.
#[derive(Debug)]
pub struct Asking {
    pub(super) action: &'static str,
    pub(super) bodies: Vec<Choice>,
    pub(super) municipalities: Vec<Choice>,
    pub(super) states: &'static [Term],
    pub(super) body: String,
    pub(super) municipality: String,
    pub(super) state: String,
    pub(super) standpoint: Standpoint,
    /// What else is asked for and stays so.
    pub(super) kept: Vec<(&'static str, String)>,
    pub(super) chips: Vec<Chip>,
    /// The overview with the same question.
    pub(super) overview: String,
    pub(super) own_only: bool,
}

impl Asking {
    /// The form of a page; `more` is the page's own part of the address.
    #[must_use]
    pub fn new(
        action: &'static str,
        filter: &Filter,
        choices: &Choices,
        names: &Names,
        more: &[(&str, &str)],
    ) -> Self {
        const OFFERED: [&str; 3] = ["ente", "comune", "stato"];
        let wanted = |field| filter.wanted(field).to_owned();
        let offered =
            |choices: &[Choice], field| query::with_chosen(choices.to_vec(), names, field, filter);
        let mut kept = query::conditions(filter);
        kept.retain(|(name, _)| !OFFERED.contains(name));
        Self {
            action,
            bodies: offered(&choices.bodies, Field::Ente),
            municipalities: offered(&choices.municipalities, Field::Comune),
            states: Field::Stato.terms().unwrap_or_default(),
            body: wanted(Field::Ente),
            municipality: wanted(Field::Comune),
            state: wanted(Field::Stato),
            standpoint: Standpoint::of(filter),
            kept,
            chips: query::chips(action, filter, names, more),
            overview: query::address(OVERVIEW, filter, &[]),
            own_only: !filter.viewer().reads_all(),
        }
    }
}

/// The frame of a page about verdicts, at the moment of its filter.
pub async fn frame(
    app: &App,
    signed: &Signed,
    filter: &Filter,
    (title, path): (&str, &str),
    more: &[(&str, &str)],
) -> Result<Page, Error> {
    let past = app.register.past(filter).await?;
    let nav = match path {
        LIST => "giudicati",
        LACKING => "mancanti",
        _ => "compatibilita",
    };
    let ways = [OVERVIEW, LIST, LACKING].map(|path| (path, query::address(path, filter, &[])));
    let page = Page::new(app, Some(signed), title, nav).asking(ways);
    Ok(page.at(past, || query::today(path, filter, more)))
}

/// An empty file to write a table into, twice at hand: to be written and to be sent.
pub fn empty_file() -> Result<(File, File), Error> {
    let content = tempfile::tempfile().map_err(register::Error::Write)?;
    let sink = content.try_clone().map_err(register::Error::Write)?;
    Ok((content, sink))
}

/// A table that was written, as a file to keep.
pub fn table(mut content: File, name: &str) -> Result<Response, Error> {
    content.rewind().map_err(register::Error::Write)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    let stream = ReaderStream::new(tokio::fs::File::from_std(content));
    Ok((headers, Body::from_stream(stream)).into_response())
}
