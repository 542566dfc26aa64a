"""ShardferryOperator: one shardferry command in one pod.

A KubernetesPodOperator that knows what every shardferry pod needs, so that a DAG says only what differs:

    ShardferryOperator(task_id="plan", arguments=["plan", "--shards", "20"],
                       env_vars={"SHARDFERRY_CHECKPOINT": "s3://bucket/prefix"})

It adds to KubernetesPodOperator
- the environment of docs/how-to/kubernetes.md: URLs from a Secret, the pod's name, a run id that retries and cleared tasks share,
  one trace for all pods of a DAG run;
- pods that a namespace with the Pod Security Standard "restricted" accepts, the XCom sidecar included;
- retries by exit code: only what a rerun can mend is tried again;
- Airflow Connections as source and target, handed over in a Secret that lives as long as its pod.

Works with Airflow 2.11 and 3. Copy it, with shardferry_connections.py, beside your DAGs or into the plugins folder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from airflow.configuration import conf
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from kubernetes.client import ApiException
from kubernetes.client import models as k8s
from shardferry_connections import Unusable, source_url, target_url

try:  # Airflow 3
    from airflow.sdk.exceptions import AirflowFailException
except ImportError:  # Airflow 2
    from airflow.exceptions import AirflowFailException
try:
    from airflow.sdk import BaseHook
except ImportError:
    from airflow.hooks.base import BaseHook

IMAGE = "ghcr.io/shardferry/shardferry:0.1.0"
#: Of the image's user.
UID = 65532
#: Exit codes that a rerun can mend (docs/reference/exit-codes.md): unreachable, fenced, SIGINT, SIGKILL or out of memory, SIGTERM.
#: All others but 0 fail the task at once. A pod that is lost without an exit code is tried again.
RERUN = frozenset({4, 5, 130, 137, 143})
#: What the other codes mean, for the log.
MEANING = {
    1: "unexpected error (a bug)",
    2: "usage or configuration, or a server refuses for good",
    3: "tables failed for good: mend them, then clear this task",
    6: "source and target differ",
}
#: Seconds that the pod keeps for its end after shardferry's own grace period.
MARGIN = 5
#: No autoscaler should move a pod that copies; it may, and the shard then goes on from its checkpoint.
STAY = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false", "karpenter.sh/do-not-disrupt": "true"}
SIDECAR = "airflow-xcom-sidecar"
CONFIG_FOLDER = "/etc/shardferry/config"


def run_name(dag_id: str, run_id: str) -> str:
    """shardferry's run id of a DAG run: the same over retries and cleared tasks, another one for every other DAG run.

    At most 100 letters, digits, dots, underscores and hyphens. Where something had to be replaced or cut, the end is a
    hash of the whole, so that no two DAG runs share a name.
    """
    whole = f"{dag_id}.{run_id}"
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", whole).lstrip(".")
    if safe == whole and len(safe) <= 100:
        return safe
    return f"{safe[:91]}.{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def trace_parent(context: Any) -> dict[str, str]:
    """TRACEPARENT (and TRACESTATE) for the pod: the span of the Airflow task where Airflow traces; else one trace for the
    whole DAG run, made from its name."""
    carrier = _span_of_task(context["ti"])
    if carrier:
        return carrier
    digest = hashlib.sha256(run_name(context["ti"].dag_id, context["run_id"]).encode()).hexdigest()
    return {"TRACEPARENT": f"00-{digest[:32]}-{digest[32:48]}-01"}


def _span_of_task(ti: Any) -> dict[str, str]:
    try:
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ImportError:
        return {}
    span = trace.get_current_span().get_span_context()
    # Airflow 3 has ids, but samples nothing, while its tracing is off.
    if span.is_valid and span.trace_flags.sampled:
        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier)
        return {name.upper(): value for name, value in carrier.items()}
    given = (getattr(ti, "context_carrier", None) or {}).get("traceparent", "")
    if given.endswith("-01"):
        return {"TRACEPARENT": given}
    if conf.getboolean("traces", "otel_on", fallback=False):
        try:  # Airflow 2 makes its spans afterwards, in the scheduler, under ids that can be known before.
            from airflow.traces.utils import gen_span_id, gen_trace_id

            return {"TRACEPARENT": f"00-{gen_trace_id(ti.dag_run)}-{gen_span_id(ti)}-01"}
        except (ImportError, AttributeError):
            return {}
    return {}


class ShardferryOperator(KubernetesPodOperator):
    """Runs one shardferry command in a pod; takes all that KubernetesPodOperator takes.

    :param arguments: the command: ``["sync", "--range", "1-90"]``. (templated)
    :param env_vars: ``SHARDFERRY_*`` and other variables; one whose value renders to nothing is left out. (templated)
    :param secret_name: Secret with the keys ``source-url`` and ``target-url``; where there, also ``access-key-id``,
        ``secret-access-key`` and ``otlp-headers``. (templated)
    :param source_conn_id: Airflow Connection to SQL Server, in place of the Secret's ``source-url``. (templated)
    :param target_conn_id: the same of PostgreSQL. (templated)
    :param cpu: CPUs requested. (templated)
    :param memory: memory requested, and the limit, from which shardferry takes its budget. (templated)
    :param config_map: ConfigMap whose key ``shardferry.yaml`` is shardferry's config file. (templated)
    :param sidecar_image: image of the XCom sidecar, which needs a shell; None: the Kubernetes connection's, or the
        provider's own (alpine).
    """

    template_fields: Sequence[str] = (
        *KubernetesPodOperator.template_fields,
        "secret_name", "source_conn_id", "target_conn_id", "service_account_name", "config_map", "sidecar_image",
    )
    ui_color = "#d9ead3"

    def __init__(
        self,
        *,
        arguments: list[str],
        image: str = IMAGE,
        secret_name: str = "shardferry",
        source_conn_id: str | None = None,
        target_conn_id: str | None = None,
        cpu: str = "1",
        memory: str = "1Gi",
        config_map: str | None = None,
        sidecar_image: str | None = None,
        # Frees the worker's slot while the pod runs; needs a triggerer. False: a worker waits.
        deferrable: bool = True,
        # Seconds after which the task's log shows what the pod has logged meanwhile.
        logging_interval: int | None = 60,
        # The result file becomes the task's XCom.
        do_xcom_push: bool = True,
        # Failed pods stay, to be looked at with kubectl; the next try makes a new one.
        on_finish_action: str = "delete_succeeded_pod",
        # Long enough for a node to be added and the image to be pulled.
        startup_timeout_seconds: int = 600,
        # For the chunks under way at a SIGTERM, which are committed and their tables released.
        termination_grace_period: int = 60,
        poll_interval: float = 5,
        log_events_on_failure: bool = True,
        log_pod_spec_on_failure: bool = False,
        # Whatever the tag: `latest` would be pulled each time, also where it was only loaded into the node.
        image_pull_policy: str = "IfNotPresent",
        # IRSA and Pod Identity do not need it.
        automount_service_account_token: bool = False,
        labels: dict[str, str] | None = None,
        annotations: dict[str, str] | None = None,
        container_resources: k8s.V1ResourceRequirements | None = None,
        security_context: k8s.V1PodSecurityContext | None = None,
        container_security_context: k8s.V1SecurityContext | None = None,
        **kwargs: Any,
    ) -> None:
        command = arguments[0] if arguments else "run"
        kwargs.setdefault("name", f"shardferry-{command}")
        super().__init__(
            arguments=arguments,
            image=image,
            deferrable=deferrable,
            logging_interval=logging_interval,
            do_xcom_push=do_xcom_push,
            on_finish_action=on_finish_action,
            startup_timeout_seconds=startup_timeout_seconds,
            termination_grace_period=termination_grace_period,
            poll_interval=poll_interval,
            log_events_on_failure=log_events_on_failure,
            log_pod_spec_on_failure=log_pod_spec_on_failure,
            image_pull_policy=image_pull_policy,
            automount_service_account_token=automount_service_account_token,
            labels={"app.kubernetes.io/name": "shardferry", "app.kubernetes.io/component": command, **(labels or {})},
            annotations={**STAY, **(annotations or {})},
            container_resources=container_resources or k8s.V1ResourceRequirements(
                requests={"cpu": cpu, "memory": memory}, limits={"memory": memory}),
            security_context=security_context or _pod_security(),
            container_security_context=container_security_context or _container_security(),
            **kwargs,
        )
        self.secret_name = secret_name
        self.source_conn_id = source_conn_id
        self.target_conn_id = target_conn_id
        self.config_map = config_map
        self.sidecar_image = sidecar_image
        self._result: Any = None
        self._task_instance: Any = None

    # ---- the pod

    def build_pod_request_obj(self, context: Any = None, **kwargs: Any) -> k8s.V1Pod:
        """The pod as KubernetesPodOperator makes it, and what shardferry adds. What the cluster's pod_mutation_hook or a
        template has set stays."""
        pod = super().build_pod_request_obj(context, **kwargs)
        base = next(c for c in pod.spec.containers if c.name == self.base_container_name)
        given = [v for v in base.env or [] if v.value or v.value_from]
        names = {variable.name for variable in given}
        if self.config_map:
            pod.spec.volumes = [*(pod.spec.volumes or []), k8s.V1Volume(
                name="shardferry-config", config_map=k8s.V1ConfigMapVolumeSource(name=self.config_map))]
            base.volume_mounts = [*(base.volume_mounts or []), k8s.V1VolumeMount(
                name="shardferry-config", mount_path=CONFIG_FOLDER, read_only=True)]
        base.env = [*given, *(v for v in self._environment(pod, context) if v.name not in names)]
        if pod.spec.enable_service_links is None:
            pod.spec.enable_service_links = False
        if pod.spec.termination_grace_period_seconds is None:  # older providers use it for deletions only
            pod.spec.termination_grace_period_seconds = self.termination_grace_period
        for container in pod.spec.containers:
            if container.name == SIDECAR:
                _harden(container, self.sidecar_image)
        return pod

    def _environment(self, pod: k8s.V1Pod, context: Any) -> list[k8s.V1EnvVar]:
        secret = self.secret_name
        values = {
            "SHARDFERRY_LOG_FORMAT": "text",
            "SHARDFERRY_GRACE_PERIOD": f"{max(1, (self.termination_grace_period or 30) - MARGIN)}s",
        }
        if self.config_map:
            values["SHARDFERRY_CONFIG"] = f"{CONFIG_FOLDER}/shardferry.yaml"
        if context:
            values["SHARDFERRY_RUN_ID"] = run_name(context["ti"].dag_id, context["run_id"])
            values |= trace_parent(context)
        own = pod.metadata.name  # the Secret of this pod alone
        return [
            *(k8s.V1EnvVar(name=name, value=value) for name, value in values.items()),
            _field("POD_NAME", "metadata.name"),
            _field("POD_NAMESPACE", "metadata.namespace"),
            _field("POD_UID", "metadata.uid"),
            _field("NODE_NAME", "spec.nodeName"),
            _secret("SHARDFERRY_SOURCE_URL", own if self.source_conn_id else secret, "source-url"),
            _secret("SHARDFERRY_TARGET_URL", own if self.target_conn_id else secret, "target-url"),
            _secret("AWS_ACCESS_KEY_ID", secret, "access-key-id", optional=True),
            _secret("AWS_SECRET_ACCESS_KEY", secret, "secret-access-key", optional=True),
            _secret("OTEL_EXPORTER_OTLP_HEADERS", secret, "otlp-headers", optional=True),
        ]

    # ---- a pod that outlived its worker

    def _replace_dead_pods(self, namespace: str, context: Any) -> None:
        """Labels pods of this task that failed while no worker looked. Without the label, KubernetesPodOperator takes such
        a pod for that of this try and only reads the old failure."""
        selector = self._build_find_pod_label_selector(context)
        found = self.client.list_namespaced_pod(namespace=namespace, label_selector=selector)
        for pod in found.items:
            phase = pod.status.phase if pod.status else None
            if phase != "Failed" and not exit_code(pod, self.base_container_name):
                continue
            self.log.warning("Pod %s has failed while no worker looked; a new pod takes its place", pod.metadata.name)
            self.patch_already_checked(pod, reraise=False)
            if phase == "Running" and self.do_xcom_push:  # its sidecar still waits to be read
                try:
                    self.pod_manager.extract_xcom_kill(pod)
                except Exception as error:  # noqa: BLE001: the pod stays; the new one does not need it
                    self.log.warning("The sidecar of pod %s goes on: %s", pod.metadata.name, error)

    # ---- Airflow Connections

    def get_or_create_pod(self, pod_request_obj: k8s.V1Pod, context: Any) -> k8s.V1Pod:
        """As KubernetesPodOperator, with the pod's own Secret made before it, and deleted with it by Kubernetes."""
        self._replace_dead_pods(pod_request_obj.metadata.namespace, context)
        urls = self._urls()
        if not urls:
            return super().get_or_create_pod(pod_request_obj, context)
        name, namespace = pod_request_obj.metadata.name, pod_request_obj.metadata.namespace
        labels = {key: value for key, value in pod_request_obj.metadata.labels.items() if key != "try_number"}
        self.client.create_namespaced_secret(namespace, k8s.V1Secret(
            api_version="v1", kind="Secret", metadata=k8s.V1ObjectMeta(name=name, labels=labels), type="Opaque", string_data=urls))
        owner = None
        try:
            pod = super().get_or_create_pod(pod_request_obj, context)
            if pod.metadata.name == name:  # else an earlier pod, with a Secret of its own, goes on
                owner = self.client.read_namespaced_pod(name, namespace).metadata.uid
            return pod
        finally:
            self._bequeath(name, namespace, owner)

    def _urls(self) -> dict[str, str]:
        urls = {}
        try:
            if self.source_conn_id:
                urls["source-url"] = source_url(BaseHook.get_connection(self.source_conn_id))
            if self.target_conn_id:
                urls["target-url"] = target_url(BaseHook.get_connection(self.target_conn_id))
        except Unusable as why:
            raise AirflowFailException(str(why)) from None
        return urls

    def _bequeath(self, name: str, namespace: str, owner: str | None) -> None:
        try:
            if owner is None:
                self.client.delete_namespaced_secret(name, namespace)
            else:
                reference = k8s.V1OwnerReference(api_version="v1", kind="Pod", name=name, uid=owner)
                body = {"metadata": {"ownerReferences": [self.client.api_client.sanitize_for_serialization(reference)]}}
                self.client.patch_namespaced_secret(name, namespace, body)
        except ApiException as error:
            self.log.warning("Secret %s/%s stays when its pod is deleted: %s", namespace, name, error.reason)

    # ---- its end

    def execute(self, context: Any) -> Any:
        """As KubernetesPodOperator; a pod that had ended before the task could wait for it hands over its result as well."""
        self._task_instance = context["ti"]
        result = super().execute(context)
        return self._result if result is None else result

    def trigger_reentry(self, context: Any, event: dict[str, Any]) -> Any:
        self._task_instance = context["ti"]
        self._result = super().trigger_reentry(context, event)
        return self._result

    def cleanup(self, pod: k8s.V1Pod, remote_pod: k8s.V1Pod, **kwargs: Any) -> None:
        """As KubernetesPodOperator, for both ways of waiting; a failure that no rerun can mend is not retried. The XCom
        `exit_code` tells other tasks how the pod ended, also where this task fails."""
        ended = exit_code(remote_pod, self.base_container_name)
        if ended is not None and self._task_instance is not None:
            self._task_instance.xcom_push(key="exit_code", value=ended)
        try:
            super().cleanup(pod, remote_pod, **kwargs)
        except AirflowFailException:
            raise
        except Exception as failure:
            skipped = type(failure).__name__ == "AirflowSkipException"
            if skipped or ended in RERUN or not ended:
                raise
            meaning = MEANING.get(ended, "not known to shardferry")
            raise AirflowFailException(f"shardferry ended with {ended}, {meaning}: no retry. {failure}") from None


def exit_code(pod: k8s.V1Pod | None, container: str) -> int | None:
    """Of a container that has ended; None where it has not, or the pod was lost."""
    statuses = (pod.status.container_statuses if pod and pod.status else None) or []
    for status in statuses:
        if status.name == container and status.state and status.state.terminated:
            return status.state.terminated.exit_code
    return None


def _field(name: str, path: str) -> k8s.V1EnvVar:
    return k8s.V1EnvVar(name=name, value_from=k8s.V1EnvVarSource(
        field_ref=k8s.V1ObjectFieldSelector(api_version="v1", field_path=path)))


def _secret(name: str, secret: str, key: str, optional: bool | None = None) -> k8s.V1EnvVar:
    return k8s.V1EnvVar(name=name, value_from=k8s.V1EnvVarSource(
        secret_key_ref=k8s.V1SecretKeySelector(name=secret, key=key, optional=optional)))


def _pod_security() -> k8s.V1PodSecurityContext:
    # The sidecar runs as the same user: it may then be stopped by the command that Airflow runs in it.
    return k8s.V1PodSecurityContext(
        run_as_non_root=True, run_as_user=UID, run_as_group=UID, fs_group=UID,
        seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"))


def _container_security() -> k8s.V1SecurityContext:
    return k8s.V1SecurityContext(
        allow_privilege_escalation=False, read_only_root_filesystem=True,
        capabilities=k8s.V1Capabilities(drop=["ALL"]))


def _harden(sidecar: k8s.V1Container, image: str | None) -> None:
    """The provider's sidecar has no security context of its own and no memory limit, which restricted namespaces and
    quotas refuse. What the Kubernetes connection says stays."""
    sidecar.image = image or sidecar.image
    sidecar.security_context = sidecar.security_context or _container_security()
    resources = sidecar.resources
    if isinstance(resources, k8s.V1ResourceRequirements) and not resources.limits:
        sidecar.resources = k8s.V1ResourceRequirements(requests=resources.requests, limits={"memory": "64Mi"})
