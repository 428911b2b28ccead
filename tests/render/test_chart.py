"""The Helm chart, in every variant that has it: what Helm renders, before judges of its field."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import chart
from tests.support.chart import environment, named, objects, pods, refusal
from tests.support.monitoring import dashboards
from tests.support.project import Project
from tests.support.rendering import Render
from tests.support.variants import parameters, variants
from tools.questions import Answers, Questions

pytestmark = pytest.mark.skipif(chart.MISSING is not None, reason=str(chart.MISSING))

STAGES = ("staging", "production")
NO_SETTINGS = {"TMPDIR"}
# Checkov's checks that the chart does not pass, and why.
UNCHECKED = {
    "CKV_K8S_15": "a tag never moves, and a pod has to start while the registry is unavailable",
    "CKV_K8S_21": "the namespace is the release's: helm --namespace",
    "CKV_K8S_35": "restic reads the keys of its storage from variables alone",
    "CKV_K8S_43": "image.digest pins one; a release has a tag",
}
CHECKOV = "checkov==3.3.*"
# The port of each thing that a service reaches, by the answer that brings it.
PORTS = {"database": 5432, "redis": 6379, "auth": 587, "sentry": 443, "tracing": 4318}
TOO_MANY_CONNECTIONS = (
    "config.DATABASE_POOL_SIZE: all pods may open 137 connections, "
    "and database.maxConnections leaves 90; docs/kubernetes.md has the arithmetic."
)


def _mixes() -> dict[str, Answers]:
    """Return what is tested: the pairwise variants, and the examples as teams would have it."""
    questions = Questions()
    mixes = {
        f"example-{number}": {**answers, "kubernetes": True}
        for number, answers in enumerate(questions.examples())
    }
    mixes = {
        name: answers
        for name, answers in mixes.items()
        if questions.complete(answers)["docker"] and answers.get("database") != "sqlite"
    }
    return mixes | {
        str(each.values[0]): variants()[str(each.values[0])] for each in parameters(kubernetes=True)
    }


@pytest.fixture(params=_mixes())
def project(request: pytest.FixtureRequest, rendered: Render) -> Project:
    return rendered(_mixes()[request.param])


@pytest.fixture
def service(rendered: Render) -> Project:
    """The default service, with jobs."""
    return rendered({"kubernetes": True, "jobs": True})


def test_helm_and_kubernetes_schemas_take_it(project: Project) -> None:
    done = project.make("chart-check")

    assert "0 chart(s) failed" in done.stdout
    for stage in STAGES:
        kinds = [
            e["kind"]
            for e in yaml.safe_load_all((project.path / f"build/{stage}.yaml").read_text())
            if e
        ]
        assert "Deployment" in kinds


def test_kubernetes_schemas_refuse_what_is_no_field(service: Project) -> None:
    broken = service.path / "deploy" / "helm" / "templates" / "broken.yaml"
    broken.write_text("apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {port: 80}\n")
    try:
        done = service.make("chart-check", check=False)
    finally:
        broken.unlink()

    assert done.returncode != 0


def test_checkov_finds_nothing_that_is_not_explained(rendered: Render, tmp_path: Path) -> None:
    for number, answers in enumerate(_mixes().values()):
        project = rendered(answers)
        for stage in STAGES:
            found = [e for e in objects(project, stage=stage) if e["kind"] not in chart.FOREIGN]
            (tmp_path / f"{number}-{stage}.yaml").write_text(yaml.safe_dump_all(found))

    done = subprocess.run(
        [
            *("uv", "tool", "run", "--from", CHECKOV, "checkov", "--framework=kubernetes"),
            *("--directory", tmp_path, "--output=json", "--quiet", "--skip-download"),
        ],
        check=False,
        text=True,
        capture_output=True,
    )
    report = json.loads(done.stdout)

    failed = {each["check_id"] for each in report["results"]["failed_checks"]}
    assert report["summary"]["resource_count"] > 100
    assert failed <= UNCHECKED.keys(), report["results"]["failed_checks"]


def _settings(project: Project, file: str = ".env.example") -> set[str]:
    text = (project.path / file).read_text()
    return set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE))


@pytest.mark.parametrize("stage", STAGES)
def test_each_variable_is_a_setting(project: Project, stage: str) -> None:
    known = _settings(project) | NO_SETTINGS
    found = objects(project, stage=stage)

    for component, pod in pods(found):
        names = {name.removesuffix("_FILE") for name in environment(pod, found)}
        assert names <= known, component


@pytest.mark.parametrize("stage", STAGES)
def test_each_setting_that_a_deployment_has_to_have_is_there(project: Project, stage: str) -> None:
    wanted = _settings(project, f".env.{stage}.example")
    found = objects(project, stage=stage)

    for component, pod in pods(found):
        names = {name.removesuffix("_FILE") for name in environment(pod, found)}
        assert wanted - names <= (set() if component in {"api", "worker"} else {"HOST"}), component


def test_each_secret_is_a_file_that_make_secrets_writes(project: Project) -> None:
    script = project.path / "deploy" / "make-secrets.sh"
    written = re.findall(r"^put (\w+)", script.read_text(), re.MULTILINE) if script.exists() else []

    for component, pod in pods(objects(project)):
        keys = [
            key["key"]
            for volume in pod["spec"]["volumes"]
            for key in volume.get("secret", {}).get("items", [])
        ]
        assert set(keys) <= set(written), component
        assert ("restic_password" in keys) is (component in {"backup", "verify"})


def test_the_rules_and_dashboards_are_those_that_compose_uses(project: Project) -> None:
    folder = project.path / "deploy" / "monitoring"
    found = objects(project)
    rules = {e["metadata"]["name"]: e["spec"] for e in found if e["kind"] == "PrometheusRule"}

    if not Questions().complete(project.answers)["metrics"]:
        assert rules == {}
        return
    slug = project.answers["project_slug"]
    assert rules == {
        f"release-{file.stem}": yaml.safe_load(
            file.read_text()
            .replace(f'job="{slug}"', f'job="{slug}", namespace="default"')
            .replace(f"job: {slug} }}", f"job: {slug}, namespace: default }}")
        )
        for file in (folder / "rules").iterdir()
    }
    data = named("ConfigMap", "release-dashboards", found)["data"]
    assert {name: json.loads(text) for name, text in data.items()} == dashboards(folder)
    # The rules ask for this job.
    services = [e for e in found if e["kind"] == "Service"]
    assert {e["metadata"]["labels"]["app.kubernetes.io/name"] for e in services} == {
        project.answers["project_slug"]
    }


NAMESPACES = """
rule_files: [rules.yml]
evaluation_interval: 30s
tests:
  - interval: 30s
    input_series:
      - {{ series: '{up}, namespace="staging"}}', values: 1x20 }}
      - {{ series: '{up}, namespace="production", component="api"}}', values: 1x4 0x16 }}
      - {{ series: '{up}, namespace="production", component="worker"}}', values: 1x20 }}
    alert_rule_test:
      - {{ eval_time: 2m, alertname: ServiceDown, exp_alerts: [] }}
      - eval_time: 8m
        alertname: ServiceDown
        exp_alerts:
          - exp_labels: {{ job: {slug}, namespace: production, severity: critical }}
            exp_annotations: {annotations}
"""


def test_no_other_namespace_and_no_worker_hides_that_the_service_is_down(
    service: Project, tmp_path: Path
) -> None:
    if not shutil.which("promtool"):
        pytest.skip("there is no promtool: Debian's package prometheus has it")
    found = objects(service, "--namespace=production")
    rules = named("PrometheusRule", "release-service", found)["spec"]
    (down,) = (
        rule
        for group in rules["groups"]
        for rule in group["rules"]
        if rule.get("alert") == "ServiceDown"
    )
    slug = service.answers["project_slug"]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules))
    (tmp_path / "tests.yml").write_text(
        NAMESPACES.format(
            slug=slug, up=f'up{{job="{slug}"', annotations=json.dumps(down["annotations"])
        )
    )

    done = subprocess.run(
        ["promtool", "test", "rules", tmp_path / "tests.yml"],
        check=False,
        text=True,
        capture_output=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    # Without this, Prometheus' operator names the port by the label of our endpoints.
    (monitor,) = (each for each in found if each["kind"] == "ServiceMonitor")
    (endpoint,) = monitor["spec"]["endpoints"]
    assert {"action": "labeldrop", "regex": "endpoint"} in endpoint["relabelings"]


def test_the_network_policies_name_the_ports_that_are_used_and_no_other(project: Project) -> None:
    answers = Questions().complete(project.answers)
    used = {port for name, port in PORTS.items() if answers[name] not in {False, "none"}}
    found = objects(project)
    policies = {e["metadata"]["name"]: e["spec"] for e in found if e["kind"] == "NetworkPolicy"}
    reached: dict[str, set[int]] = {}

    for component, pod in pods(found):
        policy = policies.pop(f"release-{component}")
        assert policy["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        assert policy["policyTypes"] == ["Ingress", "Egress"]
        (container,) = pod["spec"]["containers"]
        listens = {port["containerPort"] for port in container.get("ports", [])}
        entered = {p["port"] for rule in policy.get("ingress", []) for p in rule["ports"]}
        # Prometheus alone comes to a worker.
        assert entered == (listens if component == "api" or answers["metrics"] else set())
        assert all(rule["from"] for rule in policy.get("ingress", []))
        dns, *others = policy["egress"]
        assert dns == {"ports": [{"protocol": p, "port": 53} for p in ("UDP", "TCP")]}
        reached[component] = {p["port"] for rule in others for p in rule["ports"]}

    assert policies == {}
    mail = {587} & used
    assert reached.pop("api") == used - (mail if answers.get("jobs") else set())
    if answers.get("jobs"):
        assert reached.pop("worker") == used
    if answers["database"] != "none":
        assert reached == {"migrate": {5432}, "backup": {5432, 443}, "verify": {443}}
    else:
        assert reached == {}


def test_it_takes_no_more_memory_than_its_documentation_says(project: Project) -> None:
    text = (project.path / "docs" / "scale.md").read_text()
    said = re.search(r"Two workers take (\d+) MB", text)

    (api,) = (pod for name, pod in pods(objects(project)) if name == "api")

    assert said
    assert api["spec"]["containers"][0]["resources"]["limits"]["memory"] == f"{said[1]}Mi"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--set=replicas=0"], "at '/replicas': minimum: got 0, want 1"),
        (["--set=config.WORKERS=many"], "at '/config/WORKERS': got string, want integer"),
        (["--set=replica=3"], "at '': additional properties 'replica' not allowed"),
        (
            ["--set=config.SECRET_KEY=x"],
            "config.SECRET_KEY: is a secret; put it into the Secret, under the key secret_key.",
        ),
        (["--set=replicas=9"], TOO_MANY_CONNECTIONS),
        (
            ["--set=config.JOBS_CONCURRENCY=5"],
            "config.JOBS_CONCURRENCY: is 5, and a process opens 5 connections; it has to be less.",
        ),
        (
            ["--set=ingress.enabled=true"],
            "host: is missing; name the host by which clients reach the service.",
        ),
        (
            ["--set=autoscaling.enabled=true,autoscaling.minReplicas=5"],
            "autoscaling: minReplicas is 5, more than maxReplicas, which is 4.",
        ),
        (
            ["--set=backup.enabled=true"],
            "backup.repository: is missing; name a restic repository, or a claim in backup.claim.",
        ),
        (["--set=secret.external.enabled=true"], "secret.external: needs store.name and path."),
        (
            ["--set=gateway.enabled=true,host=a.example.com"],
            "gateway.parentRefs: is empty; name a gateway.",
        ),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(
    service: Project, options: list[str], sentence: str
) -> None:
    assert refusal(service, *options) == sentence


def test_the_source_of_the_chart_has_no_rules_and_says_so(service: Project) -> None:
    done = chart.helm(
        "template", "release", service.path / "deploy/helm", "--set=monitoring.enabled=true"
    )

    assert "make chart" in done.stderr


def test_pods_get_the_time_that_a_stop_takes(service: Project) -> None:
    found = objects(service, "--set-json=config.DRAIN_SECONDS=12.5,config.STOP_SECONDS=30")

    seconds = {name: pod["spec"].get("terminationGracePeriodSeconds") for name, pod in pods(found)}
    # The worker does not drain: no balancer sends it requests.
    assert (seconds["api"], seconds["worker"]) == (48, 35)


def test_the_probes_are_those_of_the_contract(service: Project) -> None:
    for component, pod in pods(objects(service)):
        (container,) = pod["spec"]["containers"]
        probes: dict[str, Any] = {
            name: each["httpGet"]["path"] for name, each in container.items() if "Probe" in name
        }
        assert probes == (
            {
                "startupProbe": "/health/live",
                "livenessProbe": "/health/live",
                "readinessProbe": "/health/ready",
            }
            if component in {"api", "worker"}
            else {}
        )


def test_numbers_reach_the_service_as_they_are_written(service: Project) -> None:
    options = (
        "--set=config.MAX_BODY_BYTES=10485760,config.REDIS_TIMEOUT=0.25,config.HSTS_ENABLED=false"
    )

    data = named("ConfigMap", "release", objects(service, options))["data"]

    assert data["MAX_BODY_BYTES"] == "10485760"
    assert data["REDIS_TIMEOUT"] == "0.25"
    assert data["HSTS_ENABLED"] == "false"


def test_pods_are_replaced_where_a_setting_changes(service: Project) -> None:
    before = dict(pods(objects(service)))["api"]["metadata"]["annotations"]
    after = dict(pods(objects(service, "--set=config.LOG_LEVEL=debug")))["api"]["metadata"]

    assert before["checksum/config"] != after["annotations"]["checksum/config"]


def test_the_migration_comes_first_and_needs_nothing_of_the_release(service: Project) -> None:
    found = objects(service)
    job = named("Job", "release-migrate", found)
    (container,) = job["spec"]["template"]["spec"]["containers"]

    # Its name is one for all versions: there is one at a time.
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert "envFrom" not in container
    assert "serviceAccountName" not in job["spec"]["template"]["spec"]
    config = named("ConfigMap", "release", found)["data"]
    assert config.items() <= environment(job["spec"]["template"], found).items()


def test_a_route_of_a_gateway_and_an_external_secret_take_the_release_s_names(
    service: Project,
) -> None:
    found = objects(
        service,
        "--set=ingress.enabled=false,gateway.enabled=true,gateway.parentRefs[0].name=public",
        "--set=secret.external.enabled=true,secret.external.store.name=vault,secret.name=own",
        "--set=secret.external.path=service/production",
    )

    (backend,) = named("HTTPRoute", "release", found)["spec"]["rules"][0]["backendRefs"]
    (port,) = named("Service", "release", found)["spec"]["ports"]
    assert (backend["name"], backend["port"]) == ("release", port["port"])
    assert named("ExternalSecret", "own", found)["spec"]["target"]["name"] == "own"
    for _, pod in pods(found):
        (secret,) = (v["secret"] for v in pod["spec"]["volumes"] if "secret" in v)
        assert secret["secretName"] == "own"


def test_argo_cd_is_shown_a_chart_that_there_is_and_values_that_it_takes(project: Project) -> None:
    text = (project.path / "deploy" / "argocd" / "application.yaml").read_text()
    application = yaml.safe_load(text)["spec"]["source"]
    folder = chart.package(project)
    values = application["helm"]["valuesObject"]

    assert application["chart"] == yaml.safe_load((folder / "Chart.yaml").read_text())["name"]
    assert all((folder / name).exists() for name in application["helm"]["valueFiles"])
    assert objects(project, f"--set-json={json.dumps(values)}")
