//! How many drafts a second the rules read on one core, territory included; the numbers are in
//! `docs/performance.md`. Run with `cargo bench --bench rules`.

use criterion::{BatchSize, Criterion, Throughput};
use std::hint::black_box;
use std::sync::Arc;
use varco::census::draft::Draft;
use varco::census::rules::{Around, Bodies, Catalogue, World, check};
use varco::census::territory::Territory;
use varco::census::vocabulary::Field;
use varco::exchange::boundaries;

fn world() -> World {
    let municipalities = boundaries::seeded();
    let covered = municipalities.iter().filter(|comune| comune.covered);
    let bodies = covered
        .map(|comune| (comune.istat.clone(), format!("Comune di {}", comune.name)))
        .collect::<Vec<_>>();
    World {
        bodies: Bodies::new(bodies),
        software: Catalogue::new(["Milestone XProtect".to_owned(), "Selea CPS".to_owned()]),
        today: jiff::civil::date(2025, 6, 15),
        territory: Arc::new(Territory::new(municipalities)),
    }
}

/// A device of Milano with 38 values, as the form or an export gives it.
fn full() -> Draft {
    Draft::of(&[
        (Field::Codice, "MI-VAR-0042-B"),
        (Field::Ente, "015146"),
        (Field::Comune, "015146"),
        (
            Field::Denominazione,
            "Rotonda via Palmanova, direzione centro",
        ),
        (Field::Sito, "VAR-0042"),
        (Field::Indirizzo, "Via Palmanova 59/A ang. via Cesana"),
        (Field::Lat, "45.497312"),
        (Field::Lon, "9.238415"),
        (Field::MetodoPosizione, "gnss"),
        (Field::PrecisioneM, "1.5"),
        (Field::Funzione, "lettura_targhe"),
        (Field::Forma, "bullet"),
        (Field::PuntiRipresa, "1"),
        (Field::Installazione, "fissa"),
        (Field::Stato, "in_esercizio"),
        (Field::Marca, "Hikvision"),
        (Field::Modello, "DS-2CD4A26FWD-IZS/P"),
        (Field::Matricola, "DS2CD4A26FWD20190412AAWRC12345678"),
        (Field::Firmware, "V5.5.82 build 190220"),
        (Field::AnnoInstallazione, "2019"),
        (Field::RisoluzioneMp, "2"),
        (Field::IlluminatoreIr, "si"),
        (Field::Ocr, "a_bordo"),
        (Field::Direzione, "entrata"),
        (Field::Corsie, "2"),
        (Field::Azimut, "235"),
        (Field::TransitoDati, "targa,data_ora,varco,direzione,corsia"),
        (Field::TransitoImmagini, "targa_e_contesto"),
        (Field::Software, "Selea CPS"),
        (Field::SoftwareVersione, "4.12"),
        (Field::Protocolli, "onvif,ftp"),
        (Field::Connettivita, "fibra_metropolitana"),
        (Field::Supporto, "palo"),
        (Field::AltezzaM, "6.5"),
        (Field::StatoScntt, "non_collegato"),
        (Field::Lotto, "2"),
        (Field::DataAttivazione, "2019-10-01"),
        (Field::ConservazioneGiorni, "7"),
    ])
}

fn with(fields: &[(Field, &str)]) -> Draft {
    let mut draft = full();
    for (field, text) in fields {
        draft.set(*field, *text);
    }
    draft
}

fn main() {
    let world = world();
    let drafts = [
        ("clean", full()),
        ("without a Comune", with(&[(Field::Comune, "")])),
        (
            "typed by people",
            with(&[
                (Field::Ente, "Comune di Milano"),
                (Field::Comune, "Milano"),
                (Field::Funzione, "Lettura targhe"),
                (Field::Stato, "Attivo"),
                (Field::Connettivita, "Fibra ottica"),
                (Field::Protocolli, "ONVIF / FTP"),
                (Field::AltezzaM, "6,5 m"),
                (Field::DataAttivazione, "01/10/2019"),
            ]),
        ),
        (
            "five findings",
            with(&[
                (Field::Forma, "bulet"),
                (Field::Azimut, "360"),
                (Field::Note, "password: Milano2020"),
                (Field::ConservazioneGiorni, "30"),
                (Field::Marca, ""),
            ]),
        ),
        (
            "axes exchanged",
            with(&[(Field::Lat, "9.238415"), (Field::Lon, "45.497312")]),
        ),
    ];
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("rules");
    group.throughput(Throughput::Elements(1));
    let around = Around {
        site_known: true,
        ..Around::default()
    };
    for (name, draft) in &drafts {
        group.bench_function(*name, |bencher| {
            bencher.iter_batched(
                || draft,
                |draft| check(black_box(draft), &world, &around),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
    criterion.final_summary();
}
