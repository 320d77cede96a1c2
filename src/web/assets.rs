//! Style sheets, scripts, fonts and icons, embedded in the program.

use super::error::Error;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "static"]
struct Static;

/// One file, with a tag so that browsers ask only whether it changed.
pub async fn get(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = Static::get(&path) else {
        return Error::not_found().into_response();
    };
    let tag = format!("\"{}\"", hex::encode(file.metadata.sha256_hash()));
    let asked = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let kind = HeaderValue::from_str(&content_type(&path, file.metadata.mimetype()))
        .unwrap_or_else(|_unprintable| HeaderValue::from_static("application/octet-stream"));
    let tag = HeaderValue::from_str(&tag).unwrap_or_else(|_never| HeaderValue::from_static(""));
    let kept = HeaderValue::from_static("public, max-age=3600");
    let answer = [
        (header::CONTENT_TYPE, kind),
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, kept),
    ];
    if asked.is_some_and(|asked| tag == asked) {
        return (StatusCode::NOT_MODIFIED, answer).into_response();
    }
    (answer, file.data.into_owned()).into_response()
}

fn content_type(path: &str, guessed: &str) -> String {
    let text = guessed.starts_with("text/") || guessed.ends_with("javascript");
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("mjs" | "js") => "text/javascript; charset=utf-8".to_owned(),
        _ if text => format!("{guessed}; charset=utf-8"),
        _ => guessed.to_owned(),
    }
}
