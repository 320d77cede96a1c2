//! Who enters, and who no longer does.

use crate::support::{self, Browser, MILANO, PASSWORD};
use axum::http::StatusCode;

#[test]
fn an_officer_signs_in_and_reads_the_first_page() {
    support::both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let app = support::app(&register);
        let mut browser = Browser::new(&app);
        assert_eq!(browser.get("/").await.location(), "/accedi?poi=%2F");
        let answer = browser.sign_in(&officer.account, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.location(), "/");
        let page = browser.get("/").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text().contains(&officer.name));
    });
}
