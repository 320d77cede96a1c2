//! A document, handed out as a file and never shown: whatever is in it, it runs nowhere.

use crate::register;
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::Reader;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

/// What is not written as it is in a name in a header (RFC 8187).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a browser that shows the file all the same may do with it: nothing.
const POLICY: &str = "default-src 'none'; form-action 'none'; base-uri 'none'; \
                      frame-ancestors 'none'; sandbox";

/// The file.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let id = Uuid::parse_str(&id).map_err(|_shape| {
        Error::new(
            StatusCode::NOT_FOUND,
            "Questo documento non c’è, oppure non potete vederlo.",
        )
    })?;
    let (document, content) = app.register.document(&reader.viewer, id).await?;
    let length = content.metadata().map_err(register::Error::Write)?.len();
    tracing::info!(account = %reader.viewer.account, %id, "a document was handed over");
    let headers = [
        (header::CONTENT_TYPE, document.kind.media_type().to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::CONTENT_DISPOSITION, disposition(&document.name)),
        (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
    ];
    let stream = ReaderStream::new(tokio::fs::File::from_std(content));
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// The header that makes a browser save the file under this name, whatever letters are in it.
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|letter| {
            let kept = letter.is_ascii_alphanumeric() || " .-_()".contains(letter);
            if kept { letter } else { '_' }
        })
        .collect();
    let whole = utf8_percent_encode(name, ESCAPED);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_header() {
        assert_eq!(
            disposition("città \"1\"; x.pdf"),
            "attachment; filename=\"citt_ _1__ x.pdf\"; \
             filename*=UTF-8''citt%C3%A0%20%221%22%3B%20x.pdf"
        );
    }
}
