//! Modifiers, `_filter`, `_list`, searches across types, sorting by anything.

use fhir::json::Value;
use store::StoreError;
use store::limits::{
    CHAIN_BRANCHES_MAX, FILTER_COMPARISONS_MAX, FILTER_DEPTH_MAX, VALUE_SET_CODES_MAX,
    VALUE_SETS_MAX,
};

use crate::kit::{Kit, ids, pairs, patient};

fn coded(resource_type: &str, id: &str, system: &str, code: &str) -> Value {
    fhir::value!({
        "resourceType": resource_type, "id": id,
        "code": { "coding": [{ "system": system, "code": code }] },
        "subject": { "reference": "Patient/anna" },
    })
}

fn value_set(id: &str, compose: Value) -> Value {
    fhir::value!({ "resourceType": "ValueSet", "id": id, "status": "active",
        "url": (format!("http://x/vs/{id}")), "compose": compose })
}

async fn filled() -> Kit {
    let kit = Kit::new();
    let mut anna = patient("anna", 0);
    anna.set("gender", "female");
    anna.set("birthDate", "1950-03-12");
    anna.set(
        "name",
        fhir::value!([{ "family": "Vermeer", "given": ["Ánna"] }]),
    );
    let mut bram = patient("bram", 1);
    bram.set("gender", "male");
    bram.set("name", fhir::value!([{ "family": "Meer" }]));
    bram.set(
        "managingOrganization",
        fhir::value!({ "reference": "Organization/lab" }),
    );
    let mut o1 = coded("Observation", "o1", "urn:c", "dog");
    o1.set("effectiveDateTime", "2024-05-01");
    o1.set("valueQuantity", fhir::value!({ "value": 5, "code": "mg" }));
    o1.set(
        "meta",
        fhir::value!({ "source": "urn:source:a",
        "security": [{ "system": "urn:s", "code": "R" }] }),
    );
    let mut o2 = coded("Observation", "o2", "urn:c", "cat");
    o2.set("subject", fhir::value!({ "reference": "Patient/bram" }));
    o2.set(
        "effectivePeriod",
        fhir::value!({ "start": "2024-05-02", "end": "2024-06-02" }),
    );
    o2.set("focus", fhir::value!([{ "reference": "Observation/o1" }]));
    kit.put(&[
        fhir::value!({ "resourceType": "Organization", "id": "lab", "name": "Lab" }),
        anna,
        bram,
        o1,
        o2,
        coded("Observation", "o3", "urn:c", "animal"),
        coded("Observation", "o4", "urn:d", "dog"),
        fhir::value!({ "resourceType": "Observation", "id": "o5", "status": "final",
            "code": { "text": "a (strange) one" } }),
        coded("Condition", "c1", "urn:c", "cat"),
        fhir::value!({ "resourceType": "CodeSystem", "id": "cs", "url": "urn:c",
            "status": "active", "content": "complete", "hierarchyMeaning": "is-a",
            "concept": [{ "code": "animal", "concept": [
                { "code": "dog" }, { "code": "cat", "concept": [{ "code": "tiger" }] }] }] }),
        fhir::value!({ "resourceType": "CodeSystem", "id": "ds", "url": "urn:d",
            "status": "active", "content": "fragment", "concept": [{ "code": "dog" }] }),
        value_set("pets", fhir::value!({ "include": [
            { "system": "urn:c", "concept": [{ "code": "dog" }, { "code": "cat" }] }] })),
        value_set("cats", fhir::value!({
            "include": [{ "valueSet": ["http://x/vs/pets"] }],
            "exclude": [{ "system": "urn:c", "concept": [{ "code": "dog" }] }] })),
        value_set("dogs-and-cats", fhir::value!({ "include": [
            { "system": "urn:c", "concept": [{ "code": "dog" }] },
            { "valueSet": ["http://x/vs/cats"] }] })),
        value_set("all", fhir::value!({ "include": [{ "system": "urn:c" }] })),
        value_set("odd", fhir::value!({ "include": [
            { "system": "urn:c", "filter": [{ "property": "concept", "op": "is-a", "value": "animal" }] }] })),
        value_set("itself", fhir::value!({ "include": [{ "valueSet": ["http://x/vs/itself"] }] })),
        fhir::value!({ "resourceType": "ValueSet", "id": "expanded", "status": "active",
            "url": "http://x/vs/expanded", "expansion": { "total": 2, "contains": [
                { "system": "urn:c", "code": "animal", "abstract": true, "contains": [
                    { "system": "urn:c", "code": "dog" }, { "system": "urn:c", "code": "cat" }] }] } }),
        fhir::value!({ "resourceType": "ValueSet", "id": "cut", "status": "active",
            "url": "http://x/vs/cut", "expansion": { "total": 9, "contains": [
                { "system": "urn:c", "code": "dog" }] } }),
        value_set("genders", fhir::value!({ "include": [
            { "system": "http://hl7.org/fhir/administrative-gender", "concept": [{ "code": "female" }] },
            { "system": "urn:c", "concept": [{ "code": "female" }] }] })),
        fhir::value!({ "resourceType": "List", "id": "l1", "status": "current", "mode": "working",
            "entry": [{ "item": { "reference": "Observation/o2" } },
                { "item": { "reference": "Condition/c1" } }] }),
    ])
    .await;
    kit
}

#[tokio::test]
async fn every_modifier_finds_what_it_should() {
    let kit = filled().await;
    for (question, expected) in [
        ("Observation?code:in=http://x/vs/pets", "o1 o2"),
        ("Observation?code:in=ValueSet/pets", "o1 o2"),
        ("Observation?code:not-in=http://x/vs/pets", "o3 o4 o5"),
        ("Observation?code:in=http://x/vs/cats", "o2"),
        ("Observation?code:in=http://x/vs/dogs-and-cats", "o1 o2"),
        ("Observation?code:in=http://x/vs/all", "o1 o2 o3"),
        ("Observation?code:in=http://x/vs/expanded", "o1 o2"),
        ("Patient?gender:in=http://x/vs/genders", "anna"),
        (
            "Patient?_has:Observation:patient:code:in=http://x/vs/cats",
            "bram",
        ),
        ("Observation?code:below=urn:c|animal", "o1 o2 o3"),
        ("Observation?code:below=urn:c|cat", "o2"),
        ("Observation?code:above=urn:c|dog", "o1 o3"),
        ("Observation?code:above=urn:c|tiger", "o2 o3"),
        ("Observation?_source=urn:source:a", "o1"),
        ("Observation?_security=urn:s|R", "o1"),
        ("Observation?_list=l1", "o2"),
        ("Condition?_list=l1", "c1"),
        ("Observation?_list=none", ""),
        ("Observation?_list=l1,none&code=dog", ""),
        ("Patient?_has:Observation:patient:_list=l1", "bram"),
        ("Observation?patient.organization.name=lab&code=cat", "o2"),
    ] {
        assert_eq!(kit.ids(question).await, expected, "{question}");
    }
}

#[tokio::test]
async fn filters_find_what_they_should() {
    let kit = filled().await;
    for (question, expected) in [
        ("Patient?_filter=name co \"meer\"", "anna bram"),
        ("Patient?_filter=name sw \"meer\"", "bram"),
        ("Patient?_filter=name ew \"MEER\"", "anna bram"),
        ("Patient?_filter=given eq \"anna\"", "anna"),
        ("Patient?_filter=family eq \"ver\"", ""),
        ("Patient?_filter=family ne \"meer\"", "anna"),
        (
            "Patient?_filter=gender eq female or gender eq male",
            "anna bram",
        ),
        (
            "Patient?_filter=gender eq female and not (birthdate lt 1940)",
            "anna",
        ),
        ("Patient?_filter=not (gender eq female)", "bram"),
        ("Patient?_filter=birthdate pr false", "bram"),
        ("Patient?_filter=birthdate pr true", "anna"),
        ("Patient?_filter=_id eq anna", "anna"),
        ("Patient?_filter=_id ne anna", "bram"),
        ("Patient?_filter=_lastUpdated ge 2026-01-01", "anna bram"),
        ("Patient?_filter=organization re Organization/lab", "bram"),
        ("Patient?_filter=organization ne Organization/lab", ""),
        ("Patient?_filter=organization.name eq lab", "bram"),
        (
            "Patient?_filter=_has:Observation:patient:code eq urn:d|dog",
            "anna",
        ),
        (
            "Observation?_filter=code eq urn:c|dog or code eq urn:c|cat and date gt 2024-05-31",
            "o1 o2",
        ),
        (
            "Observation?_filter=(code eq urn:c|dog or code eq urn:c|cat) and date gt 2024-05-31",
            "o2",
        ),
        ("Observation?_filter=code ne urn:c|dog", "o2 o3 o4"),
        ("Observation?_filter=code in http://x/vs/pets", "o1 o2"),
        ("Observation?_filter=code ss urn:c|animal", "o1 o2 o3"),
        ("Observation?_filter=code sb urn:c|tiger", "o2 o3"),
        ("Observation?_filter=date po 2024-05-20", "o2"),
        ("Observation?_filter=date sa 2024-05-01", "o2"),
        ("Observation?_filter=date eb 2024-05-02", "o1"),
        ("Observation?_filter=date ne 2024-05-01", "o2"),
        ("Observation?_filter=value-quantity ge 5", "o1"),
        ("Observation?_filter=value-quantity ap 5.1||mg", "o1"),
        ("Observation?_filter=value-quantity lt 5", ""),
        ("Observation?_filter=code eq dog&code=urn:d|dog", "o4"),
    ] {
        assert_eq!(kit.ids(question).await, expected, "{question}");
    }
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused() {
    let kit = filled().await;
    for question in [
        "Observation?code:in=http://x/vs/odd",
        "Observation?code:in=http://x/vs/unknown",
        "Observation?code:in=http://x/vs/cut",
        "Observation?code:below=urn:d|dog",
        "Observation?code:below=urn:e|dog",
        "Observation?code:below=dog",
        "Observation?_list=$current-problems",
        "Observation?_filter=code co dog",
        "Observation?_filter=date co 2024",
        "Observation?_filter=code eq",
        "Observation?_filter=related[type eq x].target pr true",
        "Patient?_filter=birthdate pr maybe",
    ] {
        let error = kit.page(question).await.expect_err(question);
        assert!(
            matches!(error, StoreError::InvalidValue { .. }),
            "{question}: {error:?}"
        );
    }
    for question in [
        "Patient?_text=x",
        "Patient?_content=x",
        "Patient?_query=x",
        "Patient?_filter=colour eq red",
        "Patient?_filter=age eq 3",
        "Patient?patient._filter=x",
        "Observation?_sort=code-value-quantity",
        "Observation?patient._has:Observation:colour:code=x",
    ] {
        let error = kit.page(question).await.expect_err(question);
        assert!(
            matches!(error, StoreError::UnknownParameter { .. }),
            "{question}: {error:?}"
        );
    }
    for question in [
        "Observation?identifier:nonsense=a",
        "Observation?_list:not=l1",
    ] {
        let error = kit.page(question).await.expect_err(question);
        assert!(
            matches!(error, StoreError::UnsupportedModifier { .. }),
            "{question}: {error:?}"
        );
    }
}

#[tokio::test]
async fn sets_chains_and_filters_end_at_their_limits() {
    let kit = filled().await;
    let deep = |depth: usize| {
        let (open, close) = ("(".repeat(depth), ")".repeat(depth));
        format!("Patient?_filter={open}gender eq female{close}")
    };
    let long = |count: usize| {
        let all = vec!["gender eq female"; count].join(" or ");
        format!("Patient?_filter={all}")
    };
    let code = |n: usize| fhir::value!({ "code": (format!("n{n}")) });
    let half = VALUE_SET_CODES_MAX / 2;
    for (id, count) in [("half", half), ("over", half + 1)] {
        let concepts: Vec<Value> = (0..count).map(code).collect();
        let include = fhir::value!([{ "system": "urn:c", "concept": concepts }]);
        kit.put(&[value_set(id, fhir::value!({ "include": include }))])
            .await;
    }
    for (id, other) in [("most", "half"), ("more", "over")] {
        let other = format!("http://x/vs/{other}");
        let include = fhir::value!([
            { "valueSet": ["http://x/vs/half"] }, { "valueSet": [other] }]);
        kit.put(&[value_set(id, fhir::value!({ "include": include }))])
            .await;
    }
    for n in 1..=VALUE_SETS_MAX {
        let inner = format!("http://x/vs/n{n}");
        let compose = if n == 1 {
            fhir::value!({ "include": [{ "system": "urn:c", "concept": [{ "code": "dog" }] }] })
        } else {
            fhir::value!({ "include": [{ "valueSet": [(format!("http://x/vs/n{}", n - 1))] }] })
        };
        kit.put(&[value_set(inner.rsplit('/').next().unwrap(), compose)])
            .await;
    }
    for (limit, at, past) in [
        (
            "FILTER_DEPTH_MAX",
            deep(FILTER_DEPTH_MAX),
            deep(FILTER_DEPTH_MAX + 1),
        ),
        (
            "FILTER_COMPARISONS_MAX",
            long(FILTER_COMPARISONS_MAX),
            long(FILTER_COMPARISONS_MAX + 1),
        ),
        (
            "VALUE_SET_CODES_MAX",
            "Observation?code:in=http://x/vs/most".to_owned(),
            "Observation?code:in=http://x/vs/more".to_owned(),
        ),
        (
            "VALUE_SETS_MAX",
            format!("Observation?code:in=http://x/vs/n{VALUE_SETS_MAX}"),
            "Observation?code:in=http://x/vs/itself".to_owned(),
        ),
        (
            "CHAIN_BRANCHES_MAX",
            "Observation?focus.code=x".to_owned(),
            "Observation?focus.focus.focus.focus.code=x".to_owned(),
        ),
    ] {
        kit.page(&at)
            .await
            .unwrap_or_else(|error| panic!("{limit}: {error}"));
        match kit.page(&past).await {
            Err(StoreError::LimitExceeded { limit: named, .. }) => assert_eq!(named, limit),
            other => panic!("{limit}: {other:?}"),
        }
    }
    let types = fhir::resource_types().len();
    let many = |count: usize| vec!["focus.code=x"; count].join("&");
    let most = CHAIN_BRANCHES_MAX / types;
    kit.page(&format!("Observation?{}", many(most)))
        .await
        .unwrap();
    let past = kit.page(&format!("Observation?{}", many(most + 1))).await;
    assert!(matches!(
        past,
        Err(StoreError::LimitExceeded {
            limit: "CHAIN_BRANCHES_MAX",
            ..
        })
    ));
}

#[tokio::test]
async fn a_search_goes_across_types() {
    let kit = filled().await;
    let cx = &kit.cx;
    let scope = &care::Scope::Organisation;
    let types = async |query: &str| kit.store.search_types(cx, scope, &pairs(query)).await;
    for (query, total, expected) in [
        (
            "_type=Observation,Condition&code=cat&_sort=_id",
            None,
            "c1 o2",
        ),
        (
            "_type=Patient,Organization&_sort=-_id&_total=accurate",
            Some(3),
            "lab bram anna",
        ),
        ("_id=l1,c1,anna&_sort=_id", None, "anna c1 l1"),
        ("_type=Observation,Condition&_summary=count", Some(6), ""),
        ("_type=Condition&_type=Observation,Condition", None, "c1"),
        (
            "_type=Observation,Condition&_filter=code eq urn:c|cat&_sort=_id",
            None,
            "c1 o2",
        ),
    ] {
        let page = types(query).await.unwrap();
        assert_eq!(
            (page.total, ids(&page.matches).as_str()),
            (total, expected),
            "{query}"
        );
    }
    let page = types("_type=Observation,Condition&code=cat&_include=*&_sort=_id")
        .await
        .unwrap();
    let mut included: Vec<&str> = page.included.iter().map(|one| one.id.as_str()).collect();
    included.sort_unstable();
    assert_eq!(included, ["anna", "bram", "o1"]);
    // Page after page, with and without a sort, everything comes once.
    for query in [
        "_count=2",
        "_sort=-_lastUpdated&_count=3",
        "_sort=_id&_count=2",
        "_type=Observation,List&_sort=date&_count=2",
    ] {
        let (mut found, mut page) = (Vec::new(), types(query).await.unwrap());
        loop {
            found.extend(
                page.matches
                    .iter()
                    .map(|one| (one.resource_type, one.id.clone())),
            );
            let Some(next) = page.next else { break };
            page = types(&format!("_cursor={next}")).await.unwrap();
        }
        let distinct: std::collections::BTreeSet<_> = found.iter().collect();
        let expected = if query.starts_with("_type") { 6 } else { 21 };
        assert_eq!(
            (found.len(), distinct.len()),
            (expected, expected),
            "{query}"
        );
        if query.starts_with("_sort=_id") {
            assert!(found.is_sorted_by_key(|(_, id)| id.clone()), "{query}");
        }
    }
    assert!(matches!(
        types("_type=Robot").await,
        Err(StoreError::UnknownResourceType)
    ));
    assert!(matches!(
        types("_type=Observation,Patient&code=x").await,
        Err(StoreError::UnknownParameter { .. })
    ));
    let cursor = types("_count=1").await.unwrap().next.unwrap();
    assert!(matches!(
        kit.page(&format!("Patient?_cursor={cursor}")).await,
        Err(StoreError::InvalidCursor)
    ));
}

#[tokio::test]
async fn everything_indexed_can_be_sorted_by() {
    let kit = filled().await;
    for (question, expected) in [
        ("Observation?_sort=subject,_id", "o1 o3 o4 o2 o5"),
        ("Observation?_sort=-subject,-_id", "o2 o4 o3 o1 o5"),
        ("Observation?_sort=code,_id", "o3 o2 o1 o4 o5"),
        ("Observation?_sort=value-quantity,_id", "o1 o2 o3 o4 o5"),
        ("Observation?_sort=-focus,_id", "o2 o1 o3 o4 o5"),
        ("Patient?_sort=-gender", "bram anna"),
        ("ValueSet?_sort=-url&_count=2", "pets odd"),
        ("Observation?_sort=-_source,_id&_count=1", "o1"),
    ] {
        assert_eq!(kit.ids(question).await, expected, "{question}");
    }
    let page = kit.page("Patient?_id=anna&_revinclude=*").await.unwrap();
    assert_eq!(ids(&page.included), "c1 o1 o3 o4");
}

#[tokio::test]
async fn a_query_is_split_in_what_is_understood_and_what_is_not() {
    let kit = filled().await;
    let split = |resource_type, query| {
        let understood = kit.store.understood(resource_type, &pairs(query)).unwrap();
        let show = |all: &[(String, String)]| {
            let all: Vec<String> = all
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            all.join("&")
        };
        (show(&understood.applied), show(&understood.ignored))
    };
    for (resource_type, query, applied, ignored) in [
        (
            Some("Patient"),
            "name=a&colour=red&_count=2&name:loud=a&_sort=colour&birthdate=no&_text=x",
            "name=a&_count=2&birthdate=no",
            "colour=red&name:loud=a&_sort=colour&_text=x",
        ),
        (
            None,
            "_type=Observation,Patient&code=x&_id=a",
            "_type=Observation,Patient&_id=a",
            "code=x",
        ),
        (Some("Patient"), "_cursor=x", "_cursor=x", ""),
    ] {
        let expected = (applied.to_owned(), ignored.to_owned());
        assert_eq!(split(resource_type, query), expected, "{query}");
    }
    assert!(kit.store.understood(Some("Robot"), &[]).is_err());
}
