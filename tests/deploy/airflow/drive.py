"""Runs in a venv with Airflow, against the DAG file in its dags folder:
`python drive.py import|run|parts REPORT < scenario.json`.

import: what Airflow finds in the dags folder, with every warning that names our files.
run: a DAG run by `dag.test`, then what the scenario clears; what became of each task each time.
parts: single functions of the operator, with what Airflow really hands them.
Works with Airflow 2.11 and 3; the report is JSON.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import sys
import warnings
from typing import Any

import pendulum

DAG_ID = "shardferry"


def main() -> None:
    action, report = sys.argv[1:]
    scenario = json.load(sys.stdin)
    found = {"import": imported, "run": run, "parts": parts}[action](scenario)
    pathlib.Path(report).write_text(json.dumps(found, default=str))


def bag() -> Any:
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        from airflow.models.dagbag import DagBag
    from airflow.configuration import conf

    return DagBag(conf.get("core", "dags_folder"))


def imported(_: dict) -> dict:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        found = bag()
        dag = found.dags.get(DAG_ID)
        serialized = serialize(dag) if dag else None
    import airflow

    return {
        "airflow": airflow.__version__,
        "errors": found.import_errors,
        "dags": sorted(found.dags),
        "tasks": sorted(dag.task_ids) if dag else [],
        "edges": sorted([t.task_id, d] for t in dag.tasks for d in t.downstream_task_ids) if dag else [],
        "params": dict(dag.params) if dag else {},
        "deferrable": sorted(t.task_id for t in dag.tasks if getattr(t, "partial_kwargs", vars(t)).get("deferrable")) if dag else [],
        "on_existing": dag.get_task("plan").env_vars["SHARDFERRY_ON_EXISTING"] if dag else None,
        "max_active_runs": dag.max_active_runs if dag else None,
        "serialized": bool(serialized),
        "warnings": [f"{w.filename}: {w.category.__name__}: {w.message}" for w in seen if "shardferry" in f"{w.filename}{w.message}"],
    }


def serialize(dag: Any) -> Any:
    try:
        from airflow.serialization.serialized_objects import DagSerialization as Serialization
    except ImportError:
        from airflow.serialization.serialized_objects import SerializedDAG as Serialization
    return Serialization.to_dict(dag)


def run(scenario: dict) -> dict:
    dag = bag().dags[DAG_ID]
    quicken(dag, scenario)
    when = pendulum.datetime(2026, 5, 4, 3, 2, 1, tz="UTC")
    report: dict = {}
    report["runs"] = [state_of(test(dag, when, scenario.get("conf") or {}), report)]
    for clear in scenario.get("clear", []):
        report["runs"].append(state_of(cleared(dag, report["run_id"], clear), report))
    report["logged"] = redact()("shardferry-schema-x1 of copier")
    return report


def redact() -> Any:
    """What Airflow does to each line before it stands in a task's log: with what the tasks of this process have read."""
    try:
        from airflow.sdk._shared.secrets_masker import redact
    except ImportError:
        from airflow.utils.log.secrets_masker import redact
    return redact


def quicken(dag: Any, scenario: dict) -> None:
    """What only makes waiting shorter, and how the pods are waited for."""
    changes = {"poll_interval": 0.2, "startup_check_interval_seconds": 1}
    retry = {"retry_delay": pendulum.duration(milliseconds=1), "retry_exponential_backoff": False}
    for task in dag.tasks:
        waiting = {} if scenario.get("deferrable", True) else {"deferrable": False}
        if hasattr(task, "partial_kwargs"):
            task.partial_kwargs |= changes | retry | waiting
            continue
        for name, value in (changes | retry | waiting if hasattr(task, "deferrable") else retry).items():
            setattr(task, name, value)


def test(dag: Any, when: Any, conf: dict) -> Any:
    import airflow

    date = "logical_date" if airflow.__version__.startswith("3") else "execution_date"
    return dag.test(**{date: when}, run_conf=conf)


def state_of(dag_run: Any, report: dict) -> dict:
    from airflow.utils.session import create_session

    report["run_id"] = dag_run.run_id
    with create_session() as session:
        tasks = sorted(dag_run.get_task_instances(session=session), key=lambda ti: (ti.task_id, ti.map_index))
        return {"state": str(dag_run.state), "tasks": [
            {"task": ti.task_id, "index": ti.map_index, "state": str(ti.state), "tries": ti.try_number, "name": ti.rendered_map_index}
            for ti in tasks]}


def cleared(dag: Any, run_id: str, which: dict) -> Any:
    """The button: clears these task instances of a finished run, and runs what is due then."""
    with contextlib.suppress(ImportError):  # Airflow 2: a table that others refer to
        import airflow.providers.fab.auth_manager.models  # noqa: F401
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import clear_task_instances
    from airflow.utils.session import create_session

    with create_session() as session:
        dag_run = session.query(DagRun).filter_by(dag_id=DAG_ID, run_id=run_id).one()
        dag_run.dag = scheduler_dag(dag)
        chosen = [ti for ti in dag_run.get_task_instances(session=session)
                  if ti.task_id in which["tasks"] and ti.state in which["states"]]
        clear_task_instances(chosen, session)
        dag_run.state = "running"
        session.commit()
        advance(dag, dag_run, session)
        return dag_run


def scheduler_dag(dag: Any) -> Any:
    try:
        from airflow.serialization.serialized_objects import DagSerialization
    except ImportError:
        return dag
    return DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))


def advance(dag: Any, dag_run: Any, session: Any) -> None:
    """The loop of dag.test, for a run that is there already."""
    while str(dag_run.state) == "running":
        session.expire_all()
        ready, _ = dag_run.update_state(session=session)
        for ti in ready:
            ti.try_number += 1
            ti.state = "scheduled"
        session.commit()
        for ti in [ti for ti in dag_run.get_task_instances(session=session) if ti.state == "scheduled"]:
            run_one(dag, ti, session)


def run_one(dag: Any, ti: Any, session: Any) -> None:
    try:
        from airflow.sdk.definitions.dag import _run_task
    except ImportError:
        from airflow.models.dag import _run_task

        ti.task = dag.task_dict[ti.task_id]
        try:
            _run_task(ti=ti, inline_trigger=True, session=session)
        except Exception as error:  # noqa: BLE001: as dag.test
            print("task failed:", error)
    else:
        _run_task(ti=ti, task=dag.task_dict[ti.task_id], run_triggerer=True)


def parts(scenario: dict) -> dict:
    bag()  # puts the dags folder on the path
    import shardferry_operator as ours
    from opentelemetry import trace

    context = {"ti": Task(), "run_id": "scheduled__2026-05-04T00:00:00+00:00"}
    span = trace.NonRecordingSpan(trace.SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=trace.TraceFlags(1)))
    unsampled = trace.NonRecordingSpan(trace.SpanContext(0xABC, 0xDEF, is_remote=False))
    found = {"names": [ours.run_name(*name) for name in scenario["names"]], "own": ours.trace_parent(context)}
    with trace.use_span(span):
        found["of_task"] = ours.trace_parent(context)
    with trace.use_span(unsampled):
        found["unsampled"] = ours.trace_parent(context)
    return found | {"killed": killed(ours), "traced": traced(ours, context), "replaced": replaced(ours)}


def traced(ours: Any, context: dict) -> list[dict]:
    """The parent of a pod where Airflow's tracing is on, and what Airflow 2 itself will call that span."""
    from airflow.configuration import conf

    conf.set("traces", "otel_on", "True")
    try:
        from airflow.traces.utils import gen_span_id, gen_trace_id
    except ImportError:  # Airflow 3: the span above
        return []
    task = context["ti"]
    return [ours.trace_parent(context), {"TRACEPARENT": f"00-{gen_trace_id(task.dag_run)}-{gen_span_id(task)}-01"}]


class Task:
    """As much of a task instance as a trace needs."""

    dag_id = "load"
    task_id = "plan"
    try_number = 2

    class dag_run:  # noqa: N801
        dag_id = "load"
        run_id = "scheduled__2026-05-04T00:00:00+00:00"
        start_date = pendulum.datetime(2026, 5, 4, tz="UTC")


def killed(ours: Any) -> dict:
    """How a pod is deleted whose task is ended by a user."""
    from unittest.mock import MagicMock

    operator = ours.ShardferryOperator(task_id="sync", arguments=["sync"])
    operator.__dict__["client"] = MagicMock()
    operator.pod = operator.build_pod_request_obj(dry_run=True)
    operator.on_kill()
    return operator.client.delete_namespaced_pod.call_args.kwargs


def replaced(ours: Any) -> dict:
    """Which pods of an earlier try are labelled, and of which the sidecar is ended."""
    from unittest.mock import MagicMock

    from kubernetes.client import models as k8s

    def pod(name: str, phase: str, code: int | None) -> k8s.V1Pod:
        running = k8s.V1ContainerStateRunning() if code is None else None
        ended = None if code is None else k8s.V1ContainerStateTerminated(exit_code=code)
        status = k8s.V1ContainerStatus(name="base", image="i", image_id="i", ready=False, restart_count=0,
                                       state=k8s.V1ContainerState(running=running, terminated=ended))
        return k8s.V1Pod(metadata=k8s.V1ObjectMeta(name=name, namespace="n", labels={}),
                         status=k8s.V1PodStatus(phase=phase, container_statuses=[status]))

    operator = ours.ShardferryOperator(task_id="sync", arguments=["sync"])
    operator.__dict__ |= {"client": MagicMock(), "pod_manager": MagicMock()}
    operator.client.list_namespaced_pod.return_value.items = [
        pod("runs", "Running", None), pod("done", "Succeeded", 0), pod("failed", "Failed", 4), pod("sidecar-runs", "Running", 137),
        pod("read", "Running", 0), k8s.V1Pod(metadata=k8s.V1ObjectMeta(name="evicted", namespace="n"), status=k8s.V1PodStatus(phase="Failed"))]
    operator._replace_dead_pods("n", None)
    return {"labelled": [call.kwargs["name"] for call in operator.client.patch_namespaced_pod.call_args_list],
            "ended": [call.args[0].metadata.name for call in operator.pod_manager.extract_xcom_kill.call_args_list]}


if __name__ == "__main__":
    main()
