//! Signing out, here or everywhere.

use super::sign_in::set_cookie;
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::{COOKIE, Writer};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

/// Ends this session, or every one of the person.
pub async fn post(State(app): State<App>, writer: Writer) -> Result<Response, Error> {
    writer.fields.only(&["ovunque"])?;
    if writer.fields.get("ovunque") == "si" {
        app.register
            .sign_out_everywhere(&writer.signed.viewer, &writer.signed.session)
            .await?;
    } else {
        app.register
            .sign_out(&writer.signed.viewer, &writer.signed.session)
            .await?;
    }
    let mut response = Redirect::to("/accedi").into_response();
    set_cookie(&app, &mut response, COOKIE, "", 0);
    Ok(response)
}
