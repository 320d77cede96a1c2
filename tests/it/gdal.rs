//! The programs of GDAL, which read what we write as QGIS would.

use std::process::Command;

/// Runs a program of GDAL and gives what it prints.
pub fn gdal(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program} (package gdal-bin) cannot run: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && errors.trim().is_empty(),
        "{program}: {errors}"
    );
    String::from_utf8(output.stdout).unwrap()
}
