//! Archives of packages (`.tgz`): what reads is kept, and what is kept reads. The
//! first byte tells whether the rest is packed already, so that the fuzzer need not
//! learn gzip.
#![no_main]

// The program has no library; this file of it stands on its own.
#[expect(dead_code, reason = "the program uses the rest of it")]
#[path = "../../crates/schakel/src/packages.rs"]
mod packages;

use std::{io::Write, path::Path};

use fhir::FhirVersion;
use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;

fn packed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes)?;
    packer.finish()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a file");
    path
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let archive = match kind {
        b'z' => rest.to_vec(),
        _ => packed(rest).expect("packed"),
    };
    let archive = write(folder.path(), "p.tgz", &archive);
    let _ = packages::read(FhirVersion::R4, &archive);
    let kept = folder.path().join("kept");
    if let Ok((path, head)) = packages::add(&kept, &archive, None) {
        // No name in an archive becomes a name on disk.
        assert_eq!(path.parent(), Some(kept.as_path()));
        let loaded = packages::load(&kept, head.version).expect("it loads");
        let definitions: usize = loaded.iter().map(fhir::validation::Package::len).sum();
        assert_eq!(definitions, head.definitions);
    }
});
