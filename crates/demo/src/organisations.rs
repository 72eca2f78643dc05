//! The eight organisations.

use care::{OrganisationType, Ura};

/// One of the organisations of the demo region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Organisation {
    /// The GP practice.
    Gp,
    /// The GP out-of-hours post.
    OutOfHours,
    /// The diagnostic laboratory.
    Laboratory,
    /// The hospital.
    Hospital,
    /// The pharmacy.
    Pharmacy,
    /// The home-care organisation, whose door to the region is switched off.
    HomeCare,
    /// The mental-health organisation.
    MentalHealth,
    /// The regional organisation.
    Regional,
}

/// What a node must know of its organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoOrganisation {
    /// Which one it is.
    pub organisation: Organisation,
    /// The name in commands and files.
    pub slug: &'static str,
    /// The name on screen.
    pub name: &'static str,
    /// What kind of organisation it is.
    pub organisation_type: OrganisationType,
    /// Its number in the UZI register; made up.
    pub ura: Ura,
    /// The eight-digit AGB code that EDIFACT names it by; made up.
    pub agb: &'static str,
    /// Whether other nodes can reach it. One is switched off, as in life.
    pub reachable: bool,
}

impl Organisation {
    /// All eight, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Regional,
        Self::Gp,
        Self::OutOfHours,
        Self::Laboratory,
        Self::Hospital,
        Self::Pharmacy,
        Self::HomeCare,
        Self::MentalHealth,
    ];

    /// What a node must know of it.
    pub fn describe(self) -> DemoOrganisation {
        let (slug, name, organisation_type, ura, agb) = match self {
            Self::Regional => (
                "regio",
                "Zorgregio Waterrijk",
                OrganisationType::RegionalOrganisation,
                "90000100",
                "90000100",
            ),
            Self::Gp => (
                "huisarts",
                "Huisartsenpraktijk De Akker",
                OrganisationType::GeneralPractice,
                "90000101",
                "01990101",
            ),
            Self::OutOfHours => (
                "huisartsenpost",
                "Huisartsenpost Waterrijk",
                OrganisationType::OutOfHoursPost,
                "90000102",
                "01990102",
            ),
            Self::Laboratory => (
                "laboratorium",
                "Diagnostiek Lisbroek",
                OrganisationType::Laboratory,
                "90000103",
                "50990103",
            ),
            Self::Hospital => (
                "ziekenhuis",
                "Ziekenhuis Hogedam",
                OrganisationType::Hospital,
                "90000104",
                "06990104",
            ),
            Self::Pharmacy => (
                "apotheek",
                "Apotheek Het Veerhuis",
                OrganisationType::Pharmacy,
                "90000105",
                "02990105",
            ),
            Self::HomeCare => (
                "thuiszorg",
                "Thuiszorg Onderweg",
                OrganisationType::HomeCare,
                "90000106",
                "41990106",
            ),
            Self::MentalHealth => (
                "ggz",
                "GGZ De Oever",
                OrganisationType::MentalHealth,
                "90000107",
                "73990107",
            ),
        };
        DemoOrganisation {
            organisation: self,
            slug,
            name,
            organisation_type,
            ura: ura.parse().expect("the made-up URAs have eight digits"),
            agb,
            reachable: self != Self::HomeCare,
        }
    }

    /// The logical id of the organisation's own Organization resource.
    pub(crate) fn reference(self) -> String {
        format!("Organization/{}", self.describe().slug)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_organisation_is_told_apart() {
        let all: Vec<_> = Organisation::ALL
            .into_iter()
            .map(Organisation::describe)
            .collect();
        assert_eq!(
            all.iter()
                .map(|one| one.slug)
                .collect::<BTreeSet<_>>()
                .len(),
            8
        );
        assert_eq!(
            all.iter().map(|one| one.ura).collect::<BTreeSet<_>>().len(),
            8
        );
        assert_eq!(
            all.iter()
                .map(|one| one.organisation_type)
                .collect::<BTreeSet<_>>()
                .len(),
            8
        );
        assert_eq!(all.iter().filter(|one| !one.reachable).count(), 1);
    }
}
