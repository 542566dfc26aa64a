{{/* The specs of the Jobs. docs/reference/exit-codes.md says what the codes mean. */}}

{{/* Rules are read in order and the first that fits decides. Codes that say "do not rerun" come before the disruption: a pod that ended with a
     configuration error while its node was drained has still found one. They are read per container, since a sidecar's code means nothing. */}}
{{- define "shardferry.failureRules" -}}
{{- $indexed := .indexed -}}
{{- range .containers }}
# 1: a bug; 2: configuration; 3: tables failed for good; 6: differences. Another try would end the same. Not FailJob for the shards: it would
# kill the pods that copy.
- action: {{ ternary "FailIndex" "FailJob" $indexed }}
  onExitCodes:
    containerName: {{ . }}
    operator: In
    values: [1, 2, 3, 6]
{{- end }}
# Drained, preempted, evicted: not the shard's fault, so it costs no retry.
- action: Ignore
  onPodConditions:
    - type: DisruptionTarget
      status: "True"
{{- range .containers }}
# 4: unreachable; 5: another pod has the table; 130, 143: told to end; 137: killed, or out of memory. Tried again up to the limit.
- action: Count
  onExitCodes:
    containerName: {{ . }}
    operator: In
    values: [4, 5, 130, 137, 143]
{{- end }}
{{- end -}}

{{/* Without the fields that may change in a Job that runs (parallelism, suspend, deadline, ttl): its name is made of this. */}}
{{- define "shardferry.jobSpec" -}}
completionMode: Indexed
completions: {{ int .Values.shards }}
backoffLimitPerIndex: {{ int .Values.job.backoffLimitPerIndex }}
{{- if .Values.job.maxFailedIndexes }}
maxFailedIndexes: {{ int .Values.job.maxFailedIndexes }}
{{- end }}
# A pod is replaced once it has ended, not while it is still at its last chunk.
podReplacementPolicy: Failed
{{- $last := eq .Values.finish "lastPod" }}
podFailurePolicy:
  rules:
    {{- include "shardferry.failureRules" (dict "indexed" true "containers" (ternary (list "shardferry") (list "plan" "schema" "shardferry") $last)) | trim | nindent 4 }}
template:
  {{- if $last }}
  {{- include "shardferry.podTemplate" (dict "root" . "component" "shard" "args" (list "run") "shard" true) | nindent 2 }}
  {{- else }}
  {{- $init := list (dict "name" "plan" "args" (list "plan")) (dict "name" "schema" "args" (list "schema")) }}
  {{- include "shardferry.podTemplate" (dict "root" . "component" "shard" "init" $init "args" (list "sync") "shard" true) | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "shardferry.jobChangeable" -}}
parallelism: {{ include "shardferry.parallelism" . }}
suspend: {{ .Values.suspend }}
{{- if .Values.job.activeDeadlineSeconds }}
activeDeadlineSeconds: {{ int64 .Values.job.activeDeadlineSeconds }}
{{- end }}
{{- if .Values.job.ttlSecondsAfterFinished }}
ttlSecondsAfterFinished: {{ int64 .Values.job.ttlSecondsAfterFinished }}
{{- end }}
{{- end -}}

{{- define "shardferry.planSpec" -}}
backoffLimit: {{ int .Values.plan.backoffLimit }}
{{- if .Values.plan.activeDeadlineSeconds }}
activeDeadlineSeconds: {{ int64 .Values.plan.activeDeadlineSeconds }}
{{- end }}
podReplacementPolicy: Failed
podFailurePolicy:
  rules:
    {{- include "shardferry.failureRules" (dict "indexed" false "containers" (list "plan" "shardferry")) | trim | nindent 4 }}
template:
  {{- $init := list (dict "name" "plan" "args" (list "plan" "--shards" (toString (int .Values.shards)))) }}
  {{- include "shardferry.podTemplate" (dict "root" . "component" "plan" "init" $init "args" (list "schema") "copied" (eq .Values.plan.mode "hook")) | nindent 2 }}
{{- end -}}
