//! Every way to write a point, and every way to spoil it.

use super::Kind::{Clean, Flag, Mend, Silent};
use super::truth::{Truth, covered, rounded};
use super::{Corruption, Written};
use fastrand::Rng;
use varco::census::projection::{from_wgs84, system};
use varco::census::rules::World;

const fn way(
    name: &'static str,
    kind: super::Kind,
    write: fn(&mut Rng, &Truth, &World) -> Written,
) -> Corruption {
    Corruption { name, kind, write }
}

/// Everything that is tried.
pub static CORRUPTIONS: &[Corruption] = &[
    way("decimal point", Clean, |rng, truth, _| degrees(rng, truth)),
    way("decimal comma", Clean, |rng, truth, _| {
        comma(&degrees(rng, truth))
    }),
    way("all the digits of a double", Clean, |_, truth, _| {
        columns(format!("{:.15}", truth.lat), format!("{:.15}", truth.lon))
    }),
    way("sign, degree sign, hemisphere", Clean, adorned),
    way("degrees, minutes, seconds", Clean, sexagesimal),
    way("whole seconds", Clean, whole_seconds),
    way("degrees and decimal minutes", Clean, minutes),
    way("both in one cell", Clean, joined),
    way(
        "one in the other’s column too",
        Clean,
        |rng, truth, world| {
            let text = joined(rng, truth, world).place;
            columns(text.clone(), text)
        },
    ),
    way("spreadsheet exponent", Clean, |_, truth, _| {
        columns(exponent(truth.lat, 7), exponent(truth.lon, 6))
    }),
    way("axes exchanged", Mend, |rng, truth, _| {
        let written = exchanged(degrees(rng, truth));
        maybe_comma(rng, written)
    }),
    way(
        "axes exchanged, whole seconds",
        Mend,
        |rng, truth, world| exchanged(whole_seconds(rng, truth, world)),
    ),
    way("decimal point lost in both", Mend, |rng, truth, _| {
        let (north, east) = (rng.usize(4..8), rng.usize(4..8));
        columns(lost(truth.lat, north), lost(truth.lon, east)).meaning(truth, north, east)
    }),
    way(
        "decimal point lost in the latitude",
        Mend,
        |rng, truth, _| {
            let digits = rng.usize(4..8);
            let lon = format!("{:.6}", truth.lon);
            columns(lost(truth.lat, digits), lon).meaning(truth, digits, 6)
        },
    ),
    way(
        "decimal point lost in the longitude",
        Mend,
        |rng, truth, _| {
            let digits = rng.usize(4..8);
            let lat = format!("{:.6}", truth.lat);
            columns(lat, lost(truth.lon, digits)).meaning(truth, 6, digits)
        },
    ),
    way("decimals grouped as thousands", Mend, |rng, truth, _| {
        let digits = rng.usize(5..8);
        let text = |degrees| grouped(&lost(degrees, digits), '.');
        columns(text(truth.lat), text(truth.lon)).meaning(truth, digits, digits)
    }),
    way("decimal point one place off", Mend, shifted),
    way("lost point and axes exchanged", Mend, |_, truth, _| {
        exchanged(columns(lost(truth.lat, 6), lost(truth.lon, 6)))
    }),
    way("wrong sign", Mend, |rng, truth, _| {
        let written = degrees(rng, truth);
        let (a, b) = *rng
            .choice(&[("-", ""), ("", "-"), ("-", "-"), ("", "−")])
            .expect("some");
        columns(format!("{a}{}", written.lat), format!("{b}{}", written.lon))
    }),
    way("west for east", Mend, |rng, truth, _| {
        let word = *rng.choice(&["O", "W", " Ovest"]).expect("some");
        columns(
            format!("{:.6}N", truth.lat),
            format!("{:.6}{word}", truth.lon),
        )
    }),
    way("wrong sign and axes exchanged", Mend, |_, truth, _| {
        columns(format!("-{:.6}", truth.lon), format!("{:.6}", truth.lat))
    }),
    way(
        "degrees.minutes seconds as decimals",
        Mend,
        |rng, truth, _| {
            let decimals = *rng.choice(&[0, 1, 2]).expect("some");
            let (lat, north) = packed_seconds(truth.lat, decimals);
            let (lon, east) = packed_seconds(truth.lon, decimals);
            Written {
                meant: Some((east, north)),
                ..columns(lat, lon)
            }
        },
    ),
    way("degrees.minutes as decimals", Mend, |_, truth, _| {
        let text = |degrees: f64| {
            let minutes = degrees.fract() * 60.0;
            format!(
                "{}.{}",
                degrees.trunc(),
                format!("{minutes:07.4}").replace('.', "")
            )
        };
        columns(text(truth.lat), text(truth.lon))
    }),
    way(
        "degrees minutes seconds without marks",
        Mend,
        |_, truth, _| {
            let text = |degrees| packed_seconds(degrees, 0).0.replace('.', "");
            let meant = (
                packed_seconds(truth.lon, 0).1,
                packed_seconds(truth.lat, 0).1,
            );
            Written {
                meant: Some(meant),
                ..columns(text(truth.lat), text(truth.lon))
            }
        },
    ),
    way("Gauss-Boaga west, 3003", Mend, |rng, truth, _| {
        metric(rng, truth, "3003")
    }),
    way("Gauss-Boaga east, 3004", Mend, |rng, truth, _| {
        metric(rng, truth, "3004")
    }),
    way("UTM 32, 32632", Mend, |rng, truth, _| {
        metric(rng, truth, "32632")
    }),
    way("UTM 33, 32633", Mend, |rng, truth, _| {
        metric(rng, truth, "32633")
    }),
    way("RDN2008 N-E, 6707", Mend, |rng, truth, _| {
        metric(rng, truth, "6707")
    }),
    way("RDN2008, 7791", Mend, |rng, truth, _| {
        metric(rng, truth, "7791")
    }),
    way("ETRS89, 25832", Mend, |rng, truth, _| {
        metric(rng, truth, "25832")
    }),
    way("web Mercator, 3857", Mend, |rng, truth, _| {
        metric(rng, truth, "3857")
    }),
    way("metres, east in the first column", Mend, |rng, truth, _| {
        let code = *rng.choice(&METRIC).expect("some");
        exchanged(metric(rng, truth, code))
    }),
    way("metres, thousands and comma", Mend, |rng, truth, _| {
        let code = *rng.choice(&METRIC).expect("some");
        let (x, y) = metres(truth, code);
        let separator = *rng.choice(&['.', ' ', '\u{a0}', '\'']).expect("some");
        let decimals = rng.usize(0..3);
        let text = |value: f64| {
            let text = format!("{value:.decimals$}");
            let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
            let comma = if rest.is_empty() { "" } else { "," };
            format!("{}{comma}{rest}", grouped(whole, separator))
        };
        columns(text(y), text(x))
    }),
    way("metres in one cell", Mend, |rng, truth, _| {
        let code = *rng.choice(&METRIC).expect("some");
        let (x, y) = metres(truth, code);
        let place = match rng.u8(0..5) {
            0 => format!("{x:.2} {y:.2}"),
            1 => format!("{y:.2}; {x:.2}").replace('.', ","),
            2 => format!("E {x:.1} N {y:.1}"),
            3 => format!("X={x:.0} Y={y:.0}"),
            _ => format!("POINT({x:.3} {y:.3})"),
        };
        Written {
            place,
            ..Written::default()
        }
    }),
    way("metres cut to integers", Mend, |rng, truth, _| {
        let code = *rng.choice(&METRIC).expect("some");
        let (x, y) = metres(truth, code);
        columns(format!("{}", y.trunc()), format!("{}", x.trunc()))
    }),
    way("metres as exponents", Mend, |rng, truth, _| {
        let code = *rng.choice(&METRIC).expect("some");
        let (x, y) = metres(truth, code);
        columns(exponent(y, 8), exponent(x, 8))
    }),
    way("metres, decimal point lost", Mend, |rng, truth, _| {
        let code = *rng.choice(&["3003", "32632"]).expect("some");
        let (x, y) = metres(truth, code);
        let decimals = rng.usize(1..4);
        let text = |value: f64| format!("{value:.decimals$}").replace('.', "");
        columns(text(y), text(x))
    }),
    way("kilometres", Mend, |rng, truth, _| {
        let code = *rng.choice(&["3003", "32632"]).expect("some");
        let (x, y) = metres(truth, code);
        maybe_comma(
            rng,
            columns(format!("{:.3}", y / 1e3), format!("{:.3}", x / 1e3)),
        )
    }),
    way(
        "Gauss-Boaga without its first digit",
        Silent,
        |rng, truth, _| {
            let (x, y) = metres(truth, "3003");
            maybe_comma(rng, columns(format!("{y:.2}"), format!("{:.2}", x - 1e6)))
        },
    ),
    way("northing without its first digit", Mend, |rng, truth, _| {
        let (x, y) = metres(truth, rng.choice(&["3003", "32632"]).expect("some"));
        let written = columns(format!("{:09.2}", y - 5e6), format!("{x:.2}"));
        if rng.bool() {
            columns(written.lat.trim_start_matches('0').to_owned(), written.lon)
        } else {
            written
        }
    }),
    way(
        "Monte Mario degrees from Rome, 4806",
        Mend,
        |rng, truth, _| {
            let (x, y) = metres(truth, "4806");
            let written = columns(format!("{y:.6}"), format!("{x:.6}"));
            if rng.bool() {
                exchanged(written)
            } else {
                written
            }
        },
    ),
    way("Monte Mario degrees, 4265", Silent, |_, truth, _| {
        let (x, y) = metres(truth, "4265");
        columns(format!("{y:.6}"), format!("{x:.6}"))
    }),
    way("ED50, 23032", Silent, |rng, truth, _| {
        metric(rng, truth, "23032")
    }),
    way("zero", Flag, |rng, _, _| {
        let text = *rng.choice(&["0", "0,0", "0.000000", "0,00"]).expect("some");
        columns(text.to_owned(), text.to_owned())
    }),
    way("one is zero", Flag, |rng, truth, _| {
        let written = degrees(rng, truth);
        if rng.bool() {
            Written {
                lat: "0".to_owned(),
                ..written
            }
        } else {
            Written {
                lon: "0.0".to_owned(),
                ..written
            }
        }
    }),
    way("missing", Flag, |rng, truth, _| {
        let written = degrees(rng, truth);
        match rng.u8(0..4) {
            0 => Written {
                lat: String::new(),
                ..written
            },
            1 => Written {
                lon: String::new(),
                ..written
            },
            2 => columns("n.d.".to_owned(), "n.d.".to_owned()),
            _ => Written::default(),
        }
    }),
    way("one column twice", Flag, |rng, truth, _| {
        let written = degrees(rng, truth);
        let text = if rng.bool() { written.lat } else { written.lon };
        columns(text.clone(), text)
    }),
    way("letters among the digits", Flag, |rng, truth, _| {
        let written = degrees(rng, truth);
        let lat = match rng.u8(0..4) {
            0 => written.lat.replacen('4', "A", 1),
            1 => written.lat.replace('.', ".."),
            2 => format!("{} circa", written.lat),
            _ => format!("{}?", written.lat),
        };
        Written { lat, ..written }
    }),
    way("two or three decimals", Flag, |rng, truth, _| {
        let decimals = rng.usize(2..4);
        columns(
            format!("{:.decimals$}", truth.lat),
            format!("{:.decimals$}", truth.lon),
        )
    }),
    way("whole degrees", Flag, |_, truth, _| {
        columns(format!("{:.0}", truth.lat), format!("{:.0}", truth.lon))
    }),
    way("outside the territory", Flag, |rng, _, world| {
        loop {
            let (lon, lat) = (
                rounded(7.0 + rng.f64() * 10.0),
                rounded(37.0 + rng.f64() * 9.5),
            );
            if !world
                .territory
                .containing(lon, lat)
                .is_some_and(|one| one.covered)
                && world
                    .territory
                    .nearest(lon, lat, |one| one.covered)
                    .is_some_and(|(_, m)| m > 1000.0)
            {
                return columns(format!("{lat:.6}"), format!("{lon:.6}"));
            }
        }
    }),
    way("digits exchanged", Flag, |rng, truth, _| {
        let lat = format!("{:.6}", truth.lat);
        let lat = format!("54{}", lat.trim_start_matches("45"));
        maybe_comma(rng, columns(lat, format!("{:.6}", truth.lon)))
    }),
    way("wrong Comune", Mend, |rng, truth, world| {
        let all = covered(world);
        let far = |istat: &str| {
            let one = world.territory.get(istat).expect("a Comune");
            world.territory.metres_outside(one, truth.lon, truth.lat) > 600.0
        };
        let other = std::iter::repeat_with(|| rng.choice(&all).expect("some").istat.clone());
        let comune = other.into_iter().find(|istat| far(istat));
        Written {
            comune,
            ..columns(format!("{:.6}", truth.lat), format!("{:.6}", truth.lon))
        }
    }),
];

/// The metric systems the other corruptions draw from.
const METRIC: [&str; 6] = ["3003", "3004", "32632", "32633", "25832", "3857"];

impl Written {
    /// With fewer decimals the text means another point.
    fn meaning(self, truth: &Truth, north: usize, east: usize) -> Self {
        let cut =
            |degrees: f64, decimals| format!("{degrees:.decimals$}").parse().expect("a number");
        Self {
            meant: Some((cut(truth.lon, east), cut(truth.lat, north))),
            ..self
        }
    }
}

fn columns(lat: String, lon: String) -> Written {
    Written {
        lat,
        lon,
        ..Written::default()
    }
}

fn exchanged(written: Written) -> Written {
    Written {
        lat: written.lon,
        lon: written.lat,
        ..written
    }
}

fn comma(written: &Written) -> Written {
    columns(written.lat.replace('.', ","), written.lon.replace('.', ","))
}

fn maybe_comma(rng: &mut Rng, written: Written) -> Written {
    if rng.bool() { comma(&written) } else { written }
}

/// Decimal degrees, six or seven decimals, or without the zeros at the end.
fn degrees(rng: &mut Rng, truth: &Truth) -> Written {
    match rng.u8(0..3) {
        0 => columns(format!("{:.6}", truth.lat), format!("{:.6}", truth.lon)),
        1 => columns(format!("{:.7}", truth.lat), format!("{:.7}", truth.lon)),
        _ => columns(truth.lat.to_string(), truth.lon.to_string()),
    }
}

fn adorned(rng: &mut Rng, truth: &Truth, _: &World) -> Written {
    let (lat, lon) = (format!("{:.6}", truth.lat), format!("{:.6}", truth.lon));
    let written = match rng.u8(0..10) {
        0 => columns(format!("+{lat}"), format!("+{lon}")),
        1 => columns(format!("{lat}°"), format!("{lon}°")),
        2 => columns(format!("{lat}N"), format!("{lon}E")),
        3 => columns(format!("N {lat}"), format!("E {lon}")),
        4 => columns(format!("{lat}° Nord"), format!("{lon}° Est")),
        5 => columns(format!("lat. {lat}"), format!("long. {lon}")),
        6 => columns(format!("'{lat}"), format!("'{lon}")),
        7 => columns(format!("\u{a0}{lat} "), format!("{lon}\u{a0}")),
        8 => columns(format!("\"{lat}\""), format!("\"{lon}\"")),
        _ => columns(format!("{lat},"), format!("{lon};")),
    };
    if matches!(rng.u8(0..3), 0) {
        comma(&written)
    } else {
        written
    }
}

fn split(degrees: f64, decimals: usize) -> (f64, f64, f64) {
    let scale = 10_f64.powi(i32::try_from(decimals).expect("few"));
    let seconds = (degrees * 3600.0 * scale).round() / scale;
    let whole = (seconds / 3600.0).floor();
    let minutes = ((seconds - whole * 3600.0) / 60.0).floor();
    (whole, minutes, seconds - whole * 3600.0 - minutes * 60.0)
}

/// 45°27′51.2″ as 45.27512, and what it is worth.
fn packed_seconds(degrees: f64, decimals: usize) -> (String, f64) {
    let (d, m, s) = split(degrees, decimals);
    let width = if decimals == 0 { 2 } else { 3 + decimals };
    let seconds = format!("{s:0width$.decimals$}").replace('.', "");
    (
        format!("{d:.0}.{m:02.0}{seconds}"),
        d + m / 60.0 + s / 3600.0,
    )
}

fn sexagesimal(rng: &mut Rng, truth: &Truth, _: &World) -> Written {
    let form = rng.u8(0..12);
    let decimals = rng.usize(1..4);
    let text = |degrees: f64, letter: &str, word: &str| {
        let (d, m, s) = split(degrees, decimals);
        let s = format!("{s:.decimals$}");
        match form {
            0 => format!("{d}°{m:02}'{s}\"{letter}"),
            1 => format!("{letter} {d}° {m}' {s}''"),
            2 => format!("{d}° {m}′ {s}″ {letter}"),
            3 => format!("{d} {m} {s}"),
            4 => format!("{d}:{m:02}:{s}"),
            5 => format!("{d}º{m}’{s}”"),
            6 => format!("{d}\u{fffd}{m}'{s}\""),
            7 => format!("{d}Â°{m}'{s}\" {letter}"),
            8 => format!("{d}° {m}' {s}\" {word}").replace('.', ","),
            9 => format!("{d}d {m}m {s}s"),
            10 => format!("{d}-{m}-{s}"),
            _ => format!("{d}°{m}'{s}").replace('.', ","),
        }
    };
    columns(text(truth.lat, "N", "Nord"), text(truth.lon, "E", "Est"))
}

/// To the second; then the truth is the second.
fn whole_seconds(rng: &mut Rng, truth: &Truth, _: &World) -> Written {
    let form = rng.u8(0..4);
    let text = |degrees: f64, letter: &str| {
        let (d, m, s) = split(degrees, 0);
        match form {
            0 => format!("{d}°{m:02}'{s:02}\"{letter}"),
            1 => format!("{d}.{m:02}.{s:02}"),
            2 => format!("{d:02}°{m:02}′{s:02}″"),
            _ => format!("{d} {m:02} {s:02}"),
        }
    };
    let meant = (
        packed_seconds(truth.lon, 0).1,
        packed_seconds(truth.lat, 0).1,
    );
    Written {
        meant: Some(meant),
        ..columns(text(truth.lat, "N"), text(truth.lon, "E"))
    }
}

fn minutes(rng: &mut Rng, truth: &Truth, _: &World) -> Written {
    let form = rng.u8(0..5);
    let decimals = rng.usize(3..6);
    let text = |degrees: f64, letter: &str| {
        let (d, m) = (degrees.trunc(), degrees.fract() * 60.0);
        let m = format!("{m:.decimals$}");
        match form {
            0 => format!("{d}° {m}' {letter}"),
            1 => format!("{letter} {d}° {m}"),
            2 => format!("{d}°{m}'").replace('.', ","),
            3 => format!("{d} {m}"),
            _ => format!("{letter}{d}°{m}’"),
        }
    };
    columns(text(truth.lat, "N"), text(truth.lon, "E"))
}

fn joined(rng: &mut Rng, truth: &Truth, _: &World) -> Written {
    let (lat, lon) = (format!("{:.6}", truth.lat), format!("{:.6}", truth.lon));
    let (y, x) = (lat.replace('.', ","), lon.replace('.', ","));
    let place = match rng.u8(0..16) {
        0 => format!("{lat}, {lon}"),
        1 => format!("{lat},{lon}"),
        2 => format!("({lat}, {lon})"),
        3 => format!("{y} {x}"),
        4 => format!("{y}; {x}"),
        5 => format!("{y}, {x}"),
        6 => format!("{y},{x}"),
        7 => format!("{lat} - {lon}"),
        8 => format!("lat {lat} lon {lon}"),
        9 => format!("Lat: {y} Long: {x}"),
        10 => format!("N {lat} E {lon}"),
        11 => format!("{lat}° N, {lon}° E"),
        12 => format!("POINT({lon} {lat})"),
        13 => format!("https://www.google.com/maps/@{lat},{lon},17z"),
        14 => format!("{y}/{x}"),
        _ => format!("{lat}\n{lon}"),
    };
    Written {
        place,
        ..Written::default()
    }
}

/// 4,546421E+01
fn exponent(value: f64, digits: usize) -> String {
    let power = value.abs().log10().floor();
    let mantissa = value / 10_f64.powf(power);
    format!("{mantissa:.digits$}E+{power:02}").replace('.', ",")
}

/// The digits without their point.
fn lost(degrees: f64, decimals: usize) -> String {
    format!("{degrees:.decimals$}").replace('.', "")
}

fn grouped(digits: &str, separator: char) -> String {
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// 4.546421 or 454.6421 for 45.46421.
fn shifted(rng: &mut Rng, truth: &Truth, _: &World) -> Written {
    let (mut lat, mut lon) = (format!("{:.6}", truth.lat), format!("{:.6}", truth.lon));
    match rng.u8(0..4) {
        0 => lat = format!("{:.7}", truth.lat / 10.0),
        1 => lat = format!("{:.5}", truth.lat * 10.0),
        2 => lon = format!("{:.5}", truth.lon * 10.0),
        _ => lon = format!("{:.4}", truth.lon * 100.0),
    }
    columns(lat, lon)
}

/// Easting and northing, or degrees, in a system.
fn metres(truth: &Truth, code: &str) -> (f64, f64) {
    let crs = system(code).expect("a known system");
    from_wgs84(crs, truth.lon, truth.lat).expect("in the territory")
}

fn metric(rng: &mut Rng, truth: &Truth, code: &str) -> Written {
    let (x, y) = metres(truth, code);
    let decimals = rng.usize(1..5);
    maybe_comma(
        rng,
        columns(format!("{y:.decimals$}"), format!("{x:.decimals$}")),
    )
}
