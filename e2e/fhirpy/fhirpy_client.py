"""PyPI `fhirpy`, the synchronous client, against the FHIR base in `FHIR_BASE`."""

import os
import unittest

from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound


def client():
    return SyncFHIRClient(os.environ["FHIR_BASE"])


class Life(unittest.TestCase):
    def test_a_resource_is_made_read_changed_and_deleted(self):
        fhir = client()
        made = fhir.resource("Patient", name=[{"family": "Oosterveen"}], gender="female")
        made.save()
        self.assertTrue(made.id)

        read = fhir.reference("Patient", made.id).to_resource()
        self.assertEqual(read["name"][0]["family"], "Oosterveen")

        read["name"] = [{"family": "Westerveen"}]
        read.save()
        self.assertEqual(read["meta"]["versionId"], "2")
        again = fhir.resources("Patient").search(_id=made.id).get()
        self.assertEqual(again["name"][0]["family"], "Westerveen")

        again.delete()
        with self.assertRaises((ResourceNotFound, OperationOutcome)):
            fhir.reference("Patient", made.id).to_resource()

    def test_a_search_goes_through_all_pages(self):
        fhir = client()
        entries = [
            {
                "resource": {"resourceType": "Patient", "name": [{"family": f"Bladzijde{place}"}]},
                "request": {"method": "POST", "url": "Patient"},
            }
            for place in range(5)
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        written = fhir.execute("", method="post", data=bundle)
        self.assertEqual(len(written["entry"]), 5)

        found = fhir.resources("Patient").search(name="Bladzijde").limit(2)
        names = {patient["name"][0]["family"] for patient in found.fetch_all()}
        self.assertEqual(len(names), 5)
        self.assertEqual(len(found.fetch()), 2)

    def test_references_lead_to_resources(self):
        fhir = client()
        patient = fhir.resource("Patient", name=[{"family": "Noorderveen"}])
        patient.save()
        observation = fhir.resource(
            "Observation",
            status="final",
            code={"text": "gewicht"},
            subject=patient.to_reference(),
        )
        observation.save()
        found = fhir.resources("Observation").search(subject__Patient__name="Noorderveen").fetch()
        self.assertEqual([one.id for one in found], [observation.id])
        self.assertEqual(found[0]["subject"].to_resource().id, patient.id)

    def test_what_is_wrong_is_told(self):
        with self.assertRaises(OperationOutcome):
            client().resources("Patient").search(favourite="blue").fetch()
        with self.assertRaises(OperationOutcome):
            client().resource("Patient", shoe="left").save()


if __name__ == "__main__":
    unittest.main()
