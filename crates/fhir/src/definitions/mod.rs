//! The definition tables, by version of FHIR: types, their elements, the codes of
//! required bindings.
//!
//! Made by `cargo xtask definitions` from the official packages and embedded in
//! the binary; parsed once, when a version is first asked for. Everything is
//! addressed by number, so a walk over a resource allocates nothing. A number says
//! of which version it is, so that the two cannot be mixed up.

mod load;
mod primitive;
mod structure;
mod tables;

use std::collections::HashMap;
use std::sync::OnceLock;

pub use primitive::Primitive;
pub use structure::{
    Binding, BindingStrength, CodeSet, Element, Form, Member, Structure, TypeId, UNBOUNDED,
};

pub(crate) use tables::{Table, lines, unpacked};

use crate::FhirVersion;

/// The types of one version.
#[derive(Debug)]
pub struct Definitions {
    version: FhirVersion,
    structures: Vec<Structure>,
    by_name: HashMap<&'static str, TypeId>,
    resource_types: Vec<&'static str>,
    any_resource: TypeId,
}

impl Definitions {
    /// A type by its name, or the content of a backbone element by its path.
    pub fn find(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied()
    }

    /// The version.
    pub fn version(&self) -> FhirVersion {
        self.version
    }

    /// What is known of a type of this version.
    pub fn get(&self, id: TypeId) -> &Structure {
        debug_assert_eq!(id.version(), self.version);
        &self.structures[id.position()]
    }

    /// The numbers of all types.
    pub(crate) fn ids(&self) -> impl Iterator<Item = TypeId> {
        (0..self.structures.len()).map(|position| TypeId::new(self.version, position))
    }

    /// The type of elements that hold any resource.
    pub fn any_resource(&self) -> TypeId {
        self.any_resource
    }

    /// Whether a type is another one or a specialisation of it.
    pub fn is_a(&self, id: TypeId, ancestor: TypeId) -> bool {
        let mut next = Some(id);
        while let Some(id) = next {
            if id == ancestor {
                return true;
            }
            next = self.get(id).base;
        }
        false
    }

    /// The types of resource that can exist, sorted.
    pub fn resource_types(&self) -> &[&'static str] {
        &self.resource_types
    }

    /// The resource type of that name, when resources of it can exist.
    pub fn resource(&self, name: &str) -> Option<TypeId> {
        let id = self.find(name)?;
        let is_concrete = self.get(id).is_resource && !is_abstract(name);
        is_concrete.then_some(id)
    }
}

/// The types of a version.
pub fn of(version: FhirVersion) -> &'static Definitions {
    static R4: OnceLock<Definitions> = OnceLock::new();
    static STU3: OnceLock<Definitions> = OnceLock::new();
    match version {
        FhirVersion::R4 => R4.get_or_init(|| load::load(version)),
        FhirVersion::Stu3 => STU3.get_or_init(|| load::load(version)),
    }
}

/// What is known of a type, of whichever version it is.
pub fn structure(id: TypeId) -> &'static Structure {
    of(id.version()).get(id)
}

/// Whether a type is another one or a specialisation of it; types of different
/// versions are not.
pub fn is_a(id: TypeId, ancestor: TypeId) -> bool {
    id.version() == ancestor.version() && of(id.version()).is_a(id, ancestor)
}

fn is_abstract(name: &str) -> bool {
    matches!(name, "Resource" | "DomainResource")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn r4(name: &str) -> &'static Structure {
        of(FhirVersion::R4).get(of(FhirVersion::R4).find(name).unwrap())
    }

    #[test]
    fn knows_the_types_of_r4() {
        assert_eq!(of(FhirVersion::R4).resource_types().len(), 146);
        assert!(
            of(FhirVersion::R4).resource("Patient").is_some()
                && of(FhirVersion::R4).resource("DomainResource").is_none()
        );
        let age = of(FhirVersion::R4).find("Age").unwrap();
        assert!(of(FhirVersion::R4).is_a(age, of(FhirVersion::R4).find("Quantity").unwrap()));
        assert!(!of(FhirVersion::R4).is_a(age, of(FhirVersion::R4).find("Range").unwrap()));
        // The structure check keeps the elements it has seen in 128 bits.
        assert!(
            of(FhirVersion::R4)
                .structures
                .iter()
                .all(|structure| structure.elements.len() <= 128)
        );
    }

    #[test]
    fn every_element_has_a_type() {
        for version in FhirVersion::ALL {
            for structure in &of(version).structures {
                // The structure check keeps the elements it has seen in 128 bits.
                assert!(structure.elements.len() <= 128, "{}", structure.name);
                for element in &structure.elements {
                    let name = format!("{version} {}.{}", structure.name, element.name);
                    assert!(!element.forms.is_empty(), "{name}");
                    let ids = element.forms.iter().map(|form| form.type_id);
                    assert!(ids.clone().all(|id| id.version() == version), "{name}");
                }
            }
        }
    }

    #[test]
    fn elements_know_what_they_may_hold() {
        let element = |version, path: &str, name| {
            let definitions = of(version);
            let structure = definitions.get(definitions.find(path).unwrap());
            structure.element(name).unwrap().1
        };
        let subject = element(FhirVersion::R4, "Condition", "subject");
        assert!(subject.is_summary && !subject.is_modifier);
        assert_eq!(subject.forms[0].targets, ["Patient", "Group"]);
        let status = element(FhirVersion::Stu3, "Observation", "status");
        assert!(status.is_summary && status.is_modifier);
        let binding = Binding {
            strength: BindingStrength::Required,
            value_set: "http://hl7.org/fhir/ValueSet/observation-status",
            widest: None,
        };
        assert_eq!(status.binding, Some(binding));
        let language = element(FhirVersion::R4, "Patient", "language")
            .binding
            .unwrap();
        assert_eq!(language.strength, BindingStrength::Preferred);
        assert_eq!(
            language.widest,
            Some("http://hl7.org/fhir/ValueSet/all-languages")
        );
        let low = element(FhirVersion::R4, "Observation.referenceRange", "low");
        assert_eq!(low.forms[0].profiles, ["SimpleQuantity"]);
        assert!(
            element(FhirVersion::R4, "Patient", "identifier").forms[0]
                .targets
                .is_empty()
        );
    }

    #[test]
    fn types_of_different_versions_are_not_the_same() {
        let [r4, stu3] = FhirVersion::ALL.map(|version| of(version).find("Patient").unwrap());
        assert!(r4 != stu3 && !is_a(r4, stu3) && is_a(stu3, stu3));
        assert_eq!(structure(stu3).name, structure(r4).name);
        assert!(of(FhirVersion::Stu3).find("canonical").is_none());
        let money = of(FhirVersion::Stu3).find("Money").unwrap();
        assert!(is_a(money, of(FhirVersion::Stu3).find("Quantity").unwrap()));
    }

    #[test]
    fn elements_are_as_the_standard_has_them() {
        let patient = r4("Patient");
        let names: Vec<&str> = patient.elements[..9]
            .iter()
            .map(|element| element.name)
            .collect();
        insta::assert_compact_debug_snapshot!(
            names,
            @r#"["id", "meta", "implicitRules", "language", "text", "contained", "extension", "modifierExtension", "identifier"]"#
        );
        let (_, gender) = patient.element("gender").unwrap();
        assert_eq!((gender.min, gender.max), (0, 1));
        assert!(gender.codes.unwrap().contains_code("unknown"));
        assert!(!gender.codes.unwrap().contains_code("none"));
        let deceased = patient.member("_deceasedBoolean").unwrap();
        assert!(deceased.is_extras && patient.member("deceased").is_none());

        let component = r4("Observation.component");
        let (_, range) = component.element("referenceRange").unwrap();
        assert_eq!(
            of(FhirVersion::R4).get(range.forms[0].type_id).name,
            "Observation.referenceRange"
        );
        assert_eq!(r4("Extension").element("value").unwrap().1.forms.len(), 50);
        assert_eq!(r4("Task.input").element("value").unwrap().1.forms.len(), 50);
        let status = r4("Condition").element("clinicalStatus").unwrap().1;
        let system = "http://terminology.hl7.org/CodeSystem/condition-clinical";
        assert!(status.codes.unwrap().contains(system, "active"));
    }
}
