//! What officers and reviewers say to each other, as pages draw it.

use crate::census::review::{Kind, Review};
use crate::clock;

/// One thing that was said.
#[derive(Debug)]
pub struct Said {
    /// When, as people read it.
    pub when: String,
    /// Who.
    pub who: String,
    /// What kind of thing; empty for a mere message.
    pub kind: &'static str,
    /// The words; may be empty.
    pub text: String,
    /// What was said of single attributes.
    pub remarks: Vec<Remark>,
}

/// What was said of one attribute.
#[derive(Debug)]
pub struct Remark {
    /// The field of the form.
    pub field: String,
    /// What it is called.
    pub label: String,
    /// Why it was not accepted.
    pub reason: String,
    /// The value that was not accepted, where the device does not hold it any more.
    pub value: String,
}

/// A conversation, the first word first, and whether this person may join in.
#[derive(Debug)]
pub struct Thread {
    /// What was said.
    pub said: Vec<Said>,
    /// Where a message is sent; empty for whoever only reads.
    pub action: String,
}

impl Thread {
    /// What was said, as pages draw it.
    #[must_use]
    pub fn of(reviews: &[Review], action: String) -> Self {
        Self {
            said: reviews.iter().map(said).collect(),
            action,
        }
    }
}

/// One thing that was said, as pages draw it.
#[must_use]
pub fn said(review: &Review) -> Said {
    Said {
        when: clock::words(review.at),
        who: review.author.clone(),
        kind: match review.kind {
            Kind::Message => "",
            other => other.label(),
        },
        text: review.text.clone(),
        remarks: review.remarks.iter().map(remark).collect(),
    }
}

fn remark(remark: &crate::census::review::Remark) -> Remark {
    let label = remark.field().map_or("", super::form::anchor_label);
    Remark {
        field: remark.field().map_or("", super::form::anchor).to_owned(),
        label: if label.is_empty() {
            &remark.field
        } else {
            label
        }
        .to_owned(),
        reason: remark.reason.clone(),
        value: remark.value.clone(),
    }
}
