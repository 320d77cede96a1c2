//! Saving devices: what happens when several people do it at once, on both engines.

use crate::support::{MILANO, both, device, draft, officer, register};
use varco::census::filter::{Filter, Slice, Sort};
use varco::census::finding::Code;
use varco::census::person::Viewer;
use varco::census::revision::Source;
use varco::census::vocabulary::Field;
use varco::register::record::{Outcome, Target};

fn is_refused_for(outcome: &Outcome, code: Code) -> bool {
    matches!(outcome, Outcome::Refused(checked)
        if checked.findings.iter().any(|finding| finding.code == code))
}

#[test]
fn of_two_people_who_take_the_same_code_at_once_one_is_told() {
    both(async |store| {
        let register = register(store).await;
        let viewer = officer(&register, MILANO).await;
        let new = draft(MILANO, "doppio");
        let save = || register.save(&viewer, &new, Target::New, Source::Form);
        let (one, two, three) = tokio::join!(save(), save(), save());
        let outcomes = [one.unwrap(), two.unwrap(), three.unwrap()];
        let saved = outcomes
            .iter()
            .filter(|one| matches!(one, Outcome::Saved { .. }))
            .count();
        let told = outcomes
            .iter()
            .filter(|one| is_refused_for(one, Code::CodeDuplicate))
            .count();
        assert_eq!((saved, told), (1, 2), "{outcomes:?}");
    });
}

#[test]
fn of_two_people_who_change_the_same_device_at_once_one_is_told() {
    both(async |store| {
        let register = register(store).await;
        let viewer = officer(&register, MILANO).await;
        let id = device(&register, &viewer, MILANO, "conteso", &[]).await;
        let target = Target::Existing {
            device: id,
            number: 1,
        };
        let with = |make: &str| {
            let mut changed = draft(MILANO, "conteso");
            changed.set(Field::Marca, make);
            changed
        };
        let (left, right) = (with("Una"), with("Altra"));
        let (one, two) = tokio::join!(
            register.save(&viewer, &left, target, Source::Form),
            register.save(&viewer, &right, target, Source::Form),
        );
        let outcomes = [one.unwrap(), two.unwrap()];
        let saved = outcomes
            .iter()
            .filter(|one| matches!(one, Outcome::Saved { .. }))
            .count();
        let told = outcomes
            .iter()
            .filter(|one| is_refused_for(one, Code::RowConflict))
            .count();
        assert_eq!((saved, told), (1, 1), "{outcomes:?}");
        let withdrawn = || register.set_withdrawn(&viewer, id, true);
        let (one, two) = tokio::join!(withdrawn(), withdrawn());
        one.unwrap();
        two.unwrap();
        let slice = Slice {
            sort: Sort::Code,
            from: None,
            size: 10,
        };
        let listed = register
            .devices(&Filter::working(&Viewer::operator()), &slice)
            .await
            .unwrap();
        assert!(listed.rows.is_empty());
    });
}
