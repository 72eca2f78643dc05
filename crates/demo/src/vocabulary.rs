//! The codes that the histories use. Every code was checked against its
//! published system; where we were not sure of one, the concept is left out.

/// A problem with its SNOMED CT code and, where the GP records it, its ICPC code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disorder {
    pub(crate) snomed: &'static str,
    pub(crate) icpc: &'static str,
    pub(crate) name: &'static str,
}

/// A medicine by its ATC code, with the Dutch text on the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Medicine {
    pub(crate) atc: &'static str,
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
}

/// A substance or finding with its SNOMED CT code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Concept {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
}

macro_rules! constants {
    ($kind:ident { $($name:ident = $($value:literal),+;)* }) => {
        $(pub(crate) const $name: $kind = $kind::of($($value),+);)*
    };
}

impl Disorder {
    const fn of(snomed: &'static str, icpc: &'static str, name: &'static str) -> Self {
        Self { snomed, icpc, name }
    }
}

impl Medicine {
    const fn of(atc: &'static str, name: &'static str, unit: &'static str) -> Self {
        Self { atc, name, unit }
    }
}

impl Concept {
    const fn of(code: &'static str, name: &'static str) -> Self {
        Self { code, name }
    }
}

constants!(Disorder {
    DIABETES = "44054006", "T90.02", "Diabetes mellitus type 2";
    HYPERTENSION = "38341003", "K86", "Hypertensie";
    HEART_FAILURE = "84114007", "K77", "Hartfalen";
    ATRIAL_FIBRILLATION = "49436004", "K78", "Boezemfibrilleren";
    COPD = "13645005", "R95", "COPD";
    ASTHMA = "195967001", "R96", "Astma";
    DEPRESSION = "35489007", "P76", "Depressie";
    PREGNANCY = "77386006", "W78", "Zwangerschap";
    HIP_FRACTURE = "263225007", "L75", "Heupfractuur";
});

constants!(Medicine {
    METFORMIN = "A10BA02", "Metformine tablet 500 mg", "tablet";
    GLICLAZIDE = "A10BB09", "Gliclazide tablet mva 30 mg", "tablet";
    SIMVASTATIN = "C10AA01", "Simvastatine tablet 40 mg", "tablet";
    ENALAPRIL = "C09AA02", "Enalapril tablet 10 mg", "tablet";
    AMLODIPINE = "C08CA01", "Amlodipine tablet 5 mg", "tablet";
    METOPROLOL = "C07AB02", "Metoprolol tablet mva 50 mg", "tablet";
    FUROSEMIDE = "C03CA01", "Furosemide tablet 40 mg", "tablet";
    SPIRONOLACTONE = "C03DA01", "Spironolacton tablet 25 mg", "tablet";
    APIXABAN = "B01AF02", "Apixaban tablet 5 mg", "tablet";
    TIOTROPIUM = "R03BB04", "Tiotropium inhalatiepoeder 18 microgram", "inhalatie";
    SALBUTAMOL = "R03AC02", "Salbutamol aerosol 100 microgram", "inhalatie";
    BUDESONIDE_FORMOTEROL = "R03AK07", "Budesonide/formoterol inhalatiepoeder 200/6 microgram", "inhalatie";
    PREDNISOLONE = "H02AB06", "Prednisolon tablet 30 mg", "tablet";
    SERTRALINE = "N06AB06", "Sertraline tablet 50 mg", "tablet";
    FOLIC_ACID = "B03BB01", "Foliumzuur tablet 0,5 mg", "tablet";
    IRON = "B03AA02", "Ferrofumaraat tablet 200 mg", "tablet";
    PARACETAMOL = "N02BE01", "Paracetamol tablet 500 mg", "tablet";
    COLECALCIFEROL = "A11CC05", "Colecalciferol tablet 800 IE", "tablet";
    DICLOFENAC = "M01AB05", "Diclofenac tablet msr 50 mg", "tablet";
});

constants!(Concept {
    PENICILLIN = "373270004", "Penicilline";
    AMOXICILLIN = "372687004", "Amoxicilline";
    PEANUT = "762952008", "Pinda";
    LATEX = "111088007", "Latex";
    NSAID = "372665008", "NSAID";
    RASH = "271807003", "Huiduitslag";
    ANAPHYLAXIS = "39579001", "Anafylaxie";
    URTICARIA = "126485001", "Galbulten";
    DYSPNOEA = "267036007", "Benauwdheid";
    HIP_REPLACEMENT = "52734007", "Vervanging van het heupgewricht";
    ECHOCARDIOGRAPHY = "40701008", "Echo van het hart";
    SPIROMETRY = "127783003", "Spirometrie";
    APPENDECTOMY = "80146002", "Verwijderen van de blindedarm";
    CATARACT_EXTRACTION = "54885007", "Staaroperatie";
    FALL_RISK = "129839007", "Verhoogd risico op vallen";
    RESUSCITATION = "89666000", "Reanimatie";
    TREATMENT_DIRECTIVE = "11291000146105", "Behandelaanwijzing";
    ADVANCE_DIRECTIVE = "11341000146107", "Wilsverklaring";
});

/// A laboratory test of the demo laboratories: local code, the name on the
/// order, unit as the analyser writes it, reference range, decimals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LabTest {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) decimals: usize,
}

macro_rules! tests {
    ($($name:ident = $code:literal $label:literal $unit:literal $low:expr, $high:expr, $decimals:literal;)*) => {
        $(pub(crate) const $name: LabTest = LabTest {
            code: $code, name: $label, unit: $unit, low: $low, high: $high, decimals: $decimals,
        };)*
    };
}

tests! {
    GLUCOSE = "GLUCN" "Glucose nuchter" "mmol/l" Some(4.0), Some(6.1), 1;
    HBA1C = "HBA1C" "HbA1c" "mmol/mol" Some(20.0), Some(42.0), 0;
    CREATININE = "KREA" "Kreatinine" "umol/l" Some(50.0), Some(100.0), 0;
    EGFR = "EGFR" "eGFR (CKD-EPI)" "ml/min/1,73m2" Some(60.0), None, 0;
    POTASSIUM = "K" "Kalium" "mmol/l" Some(3.5), Some(5.0), 1;
    SODIUM = "NA" "Natrium" "mmol/l" Some(135.0), Some(145.0), 0;
    HAEMOGLOBIN = "HB" "Hemoglobine" "mmol/l" Some(7.5), Some(10.0), 1;
    CRP = "CRP" "CRP" "mg/l" None, Some(10.0), 0;
    TSH = "TSH" "TSH" "mU/l" Some(0.4), Some(4.0), 2;
    LDL = "LDL" "LDL-cholesterol" "mmol/l" None, Some(2.6), 1;
    CHOLESTEROL = "CHOL" "Cholesterol totaal" "mmol/l" None, Some(5.0), 1;
    NT_PRO_BNP = "NTPROBNP" "NT-proBNP" "ng/l" None, Some(125.0), 0;
    FERRITIN = "FERR" "Ferritine" "ug/l" Some(20.0), Some(200.0), 0;
    LEUKOCYTES = "LEUKO" "Leukocyten" "10*9/l" Some(4.0), Some(10.0), 1;
    // A code that no table knows: it must stay as it was received.
    UNKNOWN = "XQ77" "Onderzoek XQ77" "E/l" None, None, 1;
}
