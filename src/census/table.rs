//! A table that somebody loads whole, such as prices or lots: cells with where they stand, and
//! everything that is wrong said at once.
//!
//! Which file the cells come from is not known here; what is kept of one is a delimited text in one
//! canonical form ([`write`]), which reads back as it was. Enforced by the tests below.

use super::filter::nearest;
use super::rules;
use super::vocabulary::fold;

/// The longest text in a cell, in characters.
pub const LONGEST: usize = 300;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The line of the headers, from 1.
    pub line: u64,
    /// The headers.
    pub header: Vec<String>,
    /// The rows below, none of them empty.
    pub rows: Vec<Row>,
    /// Whether it comes from a spreadsheet, whose numbers have a point before the decimals.
    pub spreadsheet: bool,
}

/// A row and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line, from 1.
    pub line: u64,
    /// The cells.
    pub cells: Vec<String>,
}

/// Something wrong in a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The line, from 1.
    pub line: u64,
    /// The column as the file calls it; empty when it is about the whole line.
    pub column: String,
    /// What is wrong and what to do, in Italian.
    pub message: String,
}

impl Fault {
    /// Something wrong at a line.
    #[must_use]
    pub fn new(line: u64, column: &str, message: impl Into<String>) -> Self {
        Self {
            line,
            column: column.to_owned(),
            message: message.into(),
        }
    }
}

/// A column that a table may have.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// How we spell it.
    pub name: &'static str,
    /// Other spellings, folded.
    pub synonyms: &'static [&'static str],
}

impl Column {
    /// Whether a header means it.
    #[must_use]
    pub fn is(&self, header: &str) -> bool {
        let header = fold(header);
        header == fold(self.name) || self.synonyms.contains(&header.as_str())
    }
}

/// Which columns of a table are which, in the order of those that were looked for.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    columns: &'a [Column],
    places: Vec<Option<usize>>,
}

impl<'a> Found<'a> {
    /// Looks for columns in the header, and says what is there besides and what is there twice.
    pub fn look(table: &Table, columns: &'a [Column], faults: &mut Vec<Fault>) -> Self {
        let known: Vec<&'static str> = columns.iter().map(|column| column.name).collect();
        let mut places = vec![None; columns.len()];
        for (index, header) in table.header.iter().enumerate() {
            let filled = |row: &Row| {
                row.cells
                    .get(index)
                    .is_some_and(|cell| !cell.trim().is_empty())
            };
            let place = columns.iter().position(|column| column.is(header));
            match place.and_then(|place| places.get_mut(place)) {
                Some(Some(_)) => {
                    let message = "Questa colonna c’è due volte: toglietene una.";
                    faults.push(Fault::new(table.line, header, message));
                }
                Some(taken) => *taken = Some(index),
                None if header.trim().is_empty() && !table.rows.iter().any(filled) => {}
                None => {
                    let near = nearest(&fold(header).replace(' ', "_"), &known);
                    let hint = near.map_or_else(String::new, |near| format!(" Forse «{near}»?"));
                    let message = format!(
                        "Questa colonna non si conosce: sono {}.{hint}",
                        known.join(", ")
                    );
                    faults.push(Fault::new(table.line, header, message));
                }
            }
        }
        Self { columns, places }
    }

    /// Says which of these columns are missing.
    pub fn want(&self, table: &Table, names: &[&str], faults: &mut Vec<Fault>) {
        for name in names.iter().filter(|name| !self.has(name)) {
            let message = format!("Manca la colonna «{name}».");
            faults.push(Fault::new(table.line, name, message));
        }
    }

    /// Whether the table has a column.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    /// The cell of a row, without the blanks around it; empty when it has none.
    #[must_use]
    pub fn cell<'r>(&self, row: &'r Row, name: &str) -> &'r str {
        self.place(name)
            .and_then(|place| row.cells.get(place))
            .map_or("", |cell| cell.trim())
    }

    fn place(&self, name: &str) -> Option<usize> {
        let index = self.columns.iter().position(|one| one.name == name)?;
        self.places.get(index).copied().flatten()
    }
}

impl Table {
    /// Reads what [`write`] wrote.
    pub fn stored(text: &str) -> Result<Self, Vec<Fault>> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(b';')
            .has_headers(false)
            .from_reader(text.as_bytes());
        let mut table = Self {
            line: 1,
            ..Self::default()
        };
        for record in reader.records() {
            let record = record.map_err(|error| {
                let line = error.position().map_or(1, csv::Position::line);
                vec![Fault::new(line, "", error.to_string())]
            })?;
            let cells: Vec<String> = record.iter().map(str::to_owned).collect();
            if table.header.is_empty() {
                table.header = cells;
            } else {
                let line = record.position().map_or(0, csv::Position::line);
                table.rows.push(Row { line, cells });
            }
        }
        Ok(table)
    }

    /// Says what is wrong with any text: secrets, characters that nothing keeps, too long ones, and
    /// cells beyond the header.
    pub fn check(&self, faults: &mut Vec<Fault>) {
        for row in &self.rows {
            for (index, cell) in row.cells.iter().enumerate() {
                let column = self.header.get(index).map_or("", String::as_str);
                let mut say = |message: String| faults.push(Fault::new(row.line, column, message));
                if index >= self.header.len() && !cell.trim().is_empty() {
                    say(
                        "Questa riga ha più celle dell’intestazione: controllate separatori e \
                         virgolette."
                            .to_owned(),
                    );
                } else if let Some(secret) = rules::never_recorded(cell) {
                    say(format!(
                        "Il testo somiglia {secret}, e l’archivio non ne conserva: toglietelo."
                    ));
                } else if rules::has_control(cell, false) {
                    say("Il testo contiene caratteri che non si vedono: toglieteli.".to_owned());
                } else if cell.chars().count() > LONGEST {
                    say(format!(
                        "Il testo è troppo lungo: al più {LONGEST} caratteri."
                    ));
                }
            }
        }
    }
}

/// What a spreadsheet took a cell for when it gave it a format that is not of a number or a text: with
/// its article.
#[must_use]
pub fn taken_for(text: &str) -> Option<&'static str> {
    let text = text.trim();
    let like = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text
                .bytes()
                .zip(shape.bytes())
                .all(|(one, like)| match like {
                    b'0' => one.is_ascii_digit(),
                    like => one == like,
                })
    };
    let (day, time) = text.split_once('T').unwrap_or((text, "00:00:00"));
    let share = text.strip_suffix('%').map(str::trim_end);
    if like(day, "0000-00-00") && like(time, "00:00:00") {
        Some("una data")
    } else if like(text, "00:00:00") {
        Some("un’ora")
    } else if share.is_some_and(|share| {
        let of_a_number = |one: char| one.is_ascii_digit() || matches!(one, '.' | ',' | '-');
        !share.is_empty() && share.chars().all(of_a_number)
    }) {
        Some("una percentuale")
    } else {
        None
    }
}

/// A table as it is kept: `;` between cells, one line each, the header first.
#[must_use]
pub fn write<'a>(rows: impl IntoIterator<Item = Vec<&'a str>>) -> String {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(b';')
        .from_writer(Vec::new());
    for row in rows {
        // Writing to memory does not fail, and every row has as many cells.
        let _written = writer.write_record(&row);
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A table from lines with `;` between cells, as a file would give it.
    pub(in crate::census) fn table(text: &str) -> Table {
        let mut lines = (1..).zip(text.lines());
        let cells = |line: &str| line.split(';').map(str::to_owned).collect::<Vec<_>>();
        let (line, header) = lines.next().unwrap();
        Table {
            line,
            header: cells(header),
            rows: lines
                .map(|(line, text)| Row {
                    line,
                    cells: cells(text),
                })
                .collect(),
            spreadsheet: false,
        }
    }

    #[test]
    fn what_is_kept_of_a_table_reads_back() {
        let rows = [vec!["a", "b"], vec!["x;y", "«\"z\"»"], vec!["", "=1+1"]];
        let text = write(rows.clone());
        let table = Table::stored(&text).unwrap();
        assert_eq!(table.header, rows[0]);
        let cells: Vec<_> = table.rows.iter().map(|row| row.cells.clone()).collect();
        assert_eq!(cells, rows[1..]);
    }

    #[test]
    fn what_a_spreadsheet_took_for_something_else_is_told() {
        for (text, wanted) in [
            ("2026-05-01", Some("una data")),
            (" 1904-02-08T12:30:00 ", Some("una data")),
            ("10:30:00", Some("un’ora")),
            ("22%", Some("una percentuale")),
            ("-0.5 %", Some("una percentuale")),
            ("%", None),
            ("3 bis", None),
            ("1500", None),
            ("2026-05", None),
            ("è-05-01", None),
        ] {
            assert_eq!(taken_for(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_no_table_keeps_is_refused_where_it_stands() {
        let mut faults = Vec::new();
        table("nota\nhttp://10.0.0.7/\nbuona\nuna;di troppo").check(&mut faults);
        let lines: Vec<_> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [2, 4], "{faults:#?}");
    }
}
