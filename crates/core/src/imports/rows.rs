//! The rows of a file of users: CSV with a header, or a JSON object on each line.
//!
//! A file comes from anywhere: whatever is in it, a row is a user or has a fault, or the file is no such file.

use nuncio_protocol::values::{AvatarUrl, Name};
use nuncio_protocol::{Refusal, UserId};
use nuncio_store::imports::Imported;
use serde::{Deserialize, Serialize};

/// Bytes of one row.
const ROW_BYTES: usize = 64 * 1024;
/// Characters of an id that are shown where it cannot be one.
const SHOWN_CHARS: usize = 64;

/// How a file is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values (RFC 4180) under a header of `userId`, `name`, `avatarUrl`.
    Csv,
    /// An object with these members on each line.
    Jsonl,
}

/// Where a CSV has what.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Columns {
    count: usize,
    user_id: usize,
    name: Option<usize>,
    avatar_url: Option<usize>,
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    /// From 1; a header does not count.
    pub(super) number: i64,
    /// The id, as far as there is one.
    pub(super) id: String,
    /// The user, or what is wrong.
    pub(super) user: Result<Imported, String>,
}

fn bad_file(sentence: impl Into<String>) -> Refusal {
    Refusal::BadParameter(sentence.into())
}

/// Reads at most `most` rows, of which the first gets this number. Returns them, and how many bytes they took.
/// `first` says whether this is the file's beginning, `whole` whether it is its end: a row that might go on is
/// left for the next time.
pub(super) fn read(
    format: Format,
    text: &[u8],
    first: bool,
    whole: bool,
    columns: &mut Option<Columns>,
    number: i64,
    most: usize,
) -> Result<(Vec<Parsed>, usize), Refusal> {
    // What editors put before the text is none of it.
    let mark = if first && text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let (rows, used) = match format {
        Format::Csv => csv(&text[mark..], whole, columns, number, most)?,
        Format::Jsonl => jsonl(&text[mark..], whole, number, most)?,
    };
    Ok((rows, mark + used))
}

fn too_long(number: i64) -> Refusal {
    bad_file(format!(
        "row {number} has more than {ROW_BYTES} bytes: is a quotation mark without its end?"
    ))
}

fn csv(
    text: &[u8],
    whole: bool,
    columns: &mut Option<Columns>,
    mut number: i64,
    most: usize,
) -> Result<(Vec<Parsed>, usize), Refusal> {
    let mut reader =
        ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let mut record = ::csv::ByteRecord::new();
    let (mut rows, mut used) = (Vec::new(), 0);
    while rows.len() < most {
        let some = reader
            .read_byte_record(&mut record)
            .map_err(|error| bad_file(format!("row {number} is no CSV: {error}")))?;
        let end = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        // It may go on in what is not here yet, or may be what stands behind the last row.
        let cut = !whole && end >= text.len();
        if end.saturating_sub(used) > ROW_BYTES {
            return Err(too_long(number));
        }
        if !some || cut {
            if whole {
                used = text.len();
            }
            break;
        }
        used = end;
        match columns {
            None => *columns = Some(header(&record)?),
            Some(columns) => {
                rows.push(cells(&record, *columns, number));
                number += 1;
            }
        }
    }
    Ok((rows, used))
}

fn header(record: &::csv::ByteRecord) -> Result<Columns, Refusal> {
    let mut columns =
        Columns { count: record.len(), user_id: usize::MAX, name: None, avatar_url: None };
    for (index, cell) in record.iter().enumerate() {
        let title = String::from_utf8_lossy(cell);
        let place = match title.trim() {
            "userId" if columns.user_id == usize::MAX => {
                columns.user_id = index;
                continue;
            }
            "name" => &mut columns.name,
            "avatarUrl" => &mut columns.avatar_url,
            other => {
                let shown: String = other.chars().take(SHOWN_CHARS).collect();
                return Err(bad_file(format!(
                    "the header's column {} is `{shown}`: it must be `userId`, `name` or `avatarUrl`, \
                     each once",
                    index + 1
                )));
            }
        };
        if place.replace(index).is_some() {
            return Err(bad_file(format!("the header has `{}` twice", title.trim())));
        }
    }
    if columns.user_id == usize::MAX {
        return Err(bad_file("the header has no column `userId`"));
    }
    Ok(columns)
}

fn cells(record: &::csv::ByteRecord, columns: Columns, number: i64) -> Parsed {
    let cell = |index: usize| {
        let bytes = record.get(index).unwrap_or_default();
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| "is not UTF-8".to_owned())
    };
    let id = cell(columns.user_id).unwrap_or_default();
    let parsed = || {
        if record.len() != columns.count {
            let (found, wanted) = (record.len(), columns.count);
            return Err(format!("has {found} cells where the header has {wanted}"));
        }
        let given = |index: Option<usize>| index.map(cell).transpose();
        user(&cell(columns.user_id)?, given(columns.name)?, given(columns.avatar_url)?)
    };
    Parsed { number, user: parsed(), id: shown(&id) }
}

fn jsonl(
    text: &[u8],
    whole: bool,
    mut number: i64,
    most: usize,
) -> Result<(Vec<Parsed>, usize), Refusal> {
    let (mut rows, mut used) = (Vec::new(), 0);
    while rows.len() < most && used < text.len() {
        let rest = &text[used..];
        let (line, next) = match rest.iter().take(ROW_BYTES + 1).position(|byte| *byte == b'\n') {
            Some(end) => (&rest[..end], used + end + 1),
            None if rest.len() > ROW_BYTES => return Err(too_long(number)),
            None if whole => (rest, text.len()),
            None => break,
        };
        used = next;
        let line = line.trim_ascii();
        if !line.is_empty() {
            rows.push(object(line, number));
            number += 1;
        }
    }
    Ok((rows, used))
}

fn object(line: &[u8], number: i64) -> Parsed {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Line {
        user_id: String,
        name: Option<String>,
        avatar_url: Option<String>,
    }
    match serde_json::from_slice::<Line>(line) {
        Err(error) => Parsed {
            number,
            id: String::new(),
            user: Err(format!("is no such object: {error}").chars().take(200).collect()),
        },
        Ok(Line { user_id, name, avatar_url }) => {
            Parsed { number, user: user(&user_id, name, avatar_url), id: shown(&user_id) }
        }
    }
}

fn user(id: &str, name: Option<String>, avatar_url: Option<String>) -> Result<Imported, String> {
    fn given<T>(member: &str, text: Option<String>) -> Result<Option<T>, String>
    where
        T: TryFrom<String>,
        T::Error: std::fmt::Display,
    {
        let text = text.filter(|text| !text.is_empty());
        text.map(|text| T::try_from(text).map_err(|error| format!("`{member}` {error}")))
            .transpose()
    }
    Ok(Imported {
        id: UserId::try_from(id).map_err(|error| format!("`userId` {error}"))?,
        name: given::<Name>("name", name)?,
        avatar_url: given::<AvatarUrl>("avatarUrl", avatar_url)?,
    })
}

fn shown(id: &str) -> String {
    id.chars().take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a file that comes in pieces of `size` bytes, as a worker does.
    fn all(format: Format, file: &[u8], size: usize) -> Result<Vec<Parsed>, Refusal> {
        let (mut columns, mut rows, mut start, mut end) = (None, Vec::new(), 0, size);
        loop {
            let end_now = end.min(file.len());
            let whole = end_now == file.len();
            let text = &file[start..end_now];
            let number = i64::try_from(rows.len()).unwrap() + 1;
            let (some, used) = read(format, text, start == 0, whole, &mut columns, number, 3)?;
            if whole && some.is_empty() {
                return Ok(rows);
            }
            end += size;
            start += used;
            rows.extend(some);
        }
    }

    fn faults(rows: &[Parsed]) -> Vec<(i64, &str)> {
        rows.iter()
            .filter_map(|row| Some((row.number, row.user.as_ref().err()?.as_str())))
            .collect()
    }

    #[test]
    fn a_csv_is_the_same_in_pieces_of_any_size() {
        let file = "\u{feff}name,userId\r\n\"Lovelace, \"\"Ada\"\"\",ada\r\nBob\n,b\n\"two\nlines\",bob\n\
                    x,bad id\n王芳,\"wang\"\nlast,last";
        for size in 1..=file.len() {
            let rows = all(Format::Csv, file.as_bytes(), size).unwrap();
            let ids: Vec<_> = rows.iter().map(|row| row.id.as_str()).collect();
            assert_eq!(ids, ["ada", "", "b", "bob", "bad id", "wang", "last"], "{size}");
            let ada = rows[0].user.as_ref().unwrap();
            assert_eq!(ada.name.as_ref().unwrap().as_str(), "Lovelace, \"Ada\"");
            assert_eq!(rows[2].user.as_ref().unwrap().name, None);
            let faults = faults(&rows);
            assert_eq!(faults[0], (2, "has 1 cells where the header has 2"));
            assert_eq!(faults.last().unwrap().0, 5);
        }
    }

    #[test]
    fn lines_of_json_are_users_or_have_a_fault() {
        let file = b"{\"userId\":\"ada\",\"name\":\"Ada\"}\n\n[]\n{\"userId\":7}\n\
                     {\"userId\":\"x\",\"role\":\"admin\"}\r\n{\"userId\":\"bob\"}";
        for size in 1..=file.len() {
            let rows = all(Format::Jsonl, file, size).unwrap();
            assert_eq!(rows.len(), 5, "{size}");
            let numbers: Vec<_> = faults(&rows).iter().map(|fault| fault.0).collect();
            assert_eq!(numbers, [2, 3, 4]);
        }
    }

    #[test]
    fn what_is_no_such_file_is_refused_as_a_whole() {
        let problem = |file: &[u8]| match all(Format::Csv, file, 1 << 20) {
            Err(Refusal::BadParameter(problem)) => problem,
            other => panic!("{other:?}"),
        };
        assert!(problem(b"id,name\n").contains("`id`"));
        assert!(problem(b"name\n").contains("no column `userId`"));
        assert!(problem(b"userId,userId\n").contains("each once"));
        assert!(problem(b"userId,name,name\n").contains("twice"));
        let mut open = b"userId,name\nada,\"Ada\n".to_vec();
        open.resize(300_000, b'x');
        assert!(problem(&open).contains("quotation mark"));
    }
}
