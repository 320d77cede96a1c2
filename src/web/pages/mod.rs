//! One file for each page: what it shows, and what its form does.

pub mod batch;
pub mod batch_row;
pub mod device;
pub mod devices;
pub mod export;
pub mod home;
pub mod import;
pub mod map;
pub mod password;
pub mod people;
pub mod person;
pub mod queue;
pub mod queues;
pub mod review;
pub mod sending;
pub mod sign_in;
pub mod sign_out;
pub mod site;
pub mod sites;
pub mod statement;
pub mod tiles;
