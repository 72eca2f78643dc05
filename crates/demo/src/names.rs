//! Names and addresses, made up.

use rand::{Rng, RngExt, seq::IndexedRandom};

const WOMEN: [&str; 40] = [
    "Anna",
    "Berthe",
    "Carla",
    "Dina",
    "Elske",
    "Femke",
    "Geertje",
    "Hanna",
    "Ilse",
    "Johanna",
    "Karin",
    "Lotte",
    "Maaike",
    "Nienke",
    "Olga",
    "Petra",
    "Roos",
    "Sanne",
    "Trijntje",
    "Ursula",
    "Vera",
    "Willemijn",
    "Yvonne",
    "Zoë",
    "Aylin",
    "Fatima",
    "Samira",
    "Naomi",
    "Esra",
    "Chantal",
    "Marit",
    "Jolanda",
    "Renske",
    "Tessa",
    "Wendy",
    "Irene",
    "Hülya",
    "Noor",
    "Saskia",
    "Mariëtte",
];

const MEN: [&str; 40] = [
    "Arie", "Bart", "Cor", "Dirk", "Evert", "Frans", "Gijs", "Hendrik", "Ivo", "Jaap", "Klaas",
    "Lars", "Mohamed", "Niek", "Otto", "Pieter", "Quinten", "Rik", "Sjoerd", "Teun", "Umar",
    "Victor", "Wouter", "Yusuf", "Zeger", "Adriaan", "Bram", "Daan", "Emre", "Freek", "Hassan",
    "Jelle", "Koen", "Luuk", "Maarten", "Ruben", "Stijn", "Thijs", "Willem", "Hüseyin",
];

/// Prefix and surname.
const SURNAMES: [(&str, &str); 56] = [
    ("", "Vermaat"),
    ("van der", "Sluis"),
    ("", "Hoogland"),
    ("de", "Rietveen"),
    ("", "Akkerhof"),
    ("van", "Lisbroek"),
    ("", "Waterman"),
    ("ten", "Dijkhuis"),
    ("", "Molenbeek"),
    ("", "Sterkenburg"),
    ("van den", "Oeverland"),
    ("", "Kruidhof"),
    ("", "Zandbergen"),
    ("de", "Veerman"),
    ("", "Polderdijk"),
    ("van", "Meerdorp"),
    ("", "Eekhoorn"),
    ("", "Bloemendal"),
    ("ter", "Horstink"),
    ("", "Grasveld"),
    ("", "Yılmazer"),
    ("el", "Bakkaoui"),
    ("", "Ramdhani"),
    ("", "Tjonakon"),
    ("", "Kasteleijn"),
    ("van de", "Wetering"),
    ("", "Noordewier"),
    ("", "Schipperheijn"),
    ("", "Halderman"),
    ("in 't", "Weiland"),
    ("", "Brouwerij"),
    ("van", "Oosterveen"),
    ("", "Duinker"),
    ("", "Regenboog"),
    ("de", "Klerksen"),
    ("", "Wilgenhof"),
    ("", "Sluiswachter"),
    ("van der", "Heideman"),
    ("", "Torenaar"),
    ("", "Vlasakker"),
    ("", "Appelboom"),
    ("", "Korenaar"),
    ("van", "Hogedam"),
    ("", "Turfsteker"),
    ("", "Ganzevoort"),
    ("", "Lindeboom"),
    ("", "Spaarnaar"),
    ("op de", "Hoef"),
    ("", "Vogelzang"),
    ("", "Rozenhage"),
    ("", "Çelikbas"),
    ("", "Amrani-Post"),
    ("", "Steenwijker"),
    ("", "Houtkamp"),
    ("", "Zonneveldt"),
    ("van", "Buitenrust"),
];

const STREETS: [&str; 18] = [
    "Akkerpad",
    "Brugstraat",
    "Dijkweg",
    "Eikenlaan",
    "Fluitenkruid",
    "Griendpad",
    "Havenkade",
    "IJsvogelstraat",
    "Kerkpad",
    "Lisdoddeplein",
    "Molenwetering",
    "Oeverlaan",
    "Polderweg",
    "Rietkraag",
    "Sluiskade",
    "Turfvaart",
    "Veerdam",
    "Wilgenlaan",
];

/// Towns that do not exist, with the start of their postcode.
const TOWNS: [(&str, u32); 5] = [
    ("Meerdorp", 9901),
    ("Lisbroek", 9902),
    ("Hogedam", 9903),
    ("Sluiswijk", 9904),
    ("Oosterveen", 9905),
];

/// A person's name in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) given: &'static str,
    pub(crate) prefix: &'static str,
    pub(crate) surname: &'static str,
}

impl Name {
    pub(crate) fn random(rng: &mut impl Rng, female: bool) -> Self {
        let given = if female { &WOMEN } else { &MEN };
        let (prefix, surname) = pick(rng, &SURNAMES);
        Self {
            given: pick(rng, given),
            prefix,
            surname,
        }
    }

    /// The name as people write it.
    pub(crate) fn full(&self) -> String {
        [self.given, self.prefix, self.surname]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The surname with its prefix, as HL7 v2 and FHIR keep it in `family`.
    pub(crate) fn family(&self) -> String {
        if self.prefix.is_empty() {
            self.surname.to_owned()
        } else {
            format!("{} {}", self.prefix, self.surname)
        }
    }

    pub(crate) fn initial(&self) -> char {
        self.given.chars().next().expect("no given name is empty")
    }
}

/// Where a person lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) street: &'static str,
    pub(crate) number: u32,
    pub(crate) postcode: String,
    pub(crate) town: &'static str,
}

impl Address {
    pub(crate) fn random(rng: &mut impl Rng) -> Self {
        let (town, postcode) = pick(rng, &TOWNS);
        let letter = |rng: &mut dyn FnMut() -> u32| char::from(b'A' + (rng() % 20) as u8);
        let mut draw = || rng.random_range(0..20u32);
        let letters = [letter(&mut draw), letter(&mut draw)];
        Self {
            street: pick(rng, &STREETS),
            number: rng.random_range(1..180),
            postcode: format!("{postcode}{}{}", letters[0], letters[1]),
            town,
        }
    }
}

/// Takes one of a list that is never empty.
pub(crate) fn pick<T: Copy>(rng: &mut impl Rng, list: &[T]) -> T {
    *list.choose(rng).expect("the lists are not empty")
}
