{{/* What all pods of the chart have in common. */}}

{{- define "shardferry.secretEnv" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ index . 1 | quote }}
      key: {{ index . 2 | quote }}
{{- end -}}

{{- define "shardferry.fieldEnv" -}}
- name: {{ index . 0 }}
  valueFrom:
    fieldRef:
      apiVersion: v1
      fieldPath: {{ index . 1 }}
{{- end -}}

{{/* Takes the root. The run id of a scheduled load is the name of its Job, so retried pods go on with it and the next firing does not. */}}
{{- define "shardferry.env" -}}
{{ include "shardferry.fieldEnv" (list "POD_NAME" "metadata.name") }}
{{ include "shardferry.fieldEnv" (list "POD_NAMESPACE" "metadata.namespace") }}
{{ include "shardferry.fieldEnv" (list "POD_UID" "metadata.uid") }}
{{ include "shardferry.fieldEnv" (list "NODE_NAME" "spec.nodeName") }}
{{- if eq .Values.secretsAs "files" }}
- name: SHARDFERRY_SOURCE_URL_FILE
  value: /etc/shardferry/urls/source-url
- name: SHARDFERRY_TARGET_URL_FILE
  value: /etc/shardferry/urls/target-url
{{- else }}
{{ include "shardferry.secretEnv" (list "SHARDFERRY_SOURCE_URL" .Values.source.secret.name .Values.source.secret.key) }}
{{ include "shardferry.secretEnv" (list "SHARDFERRY_TARGET_URL" .Values.target.secret.name .Values.target.secret.key) }}
{{- end }}
- name: SHARDFERRY_CHECKPOINT
  value: {{ .Values.checkpoint.url | quote }}
{{- if eq .Values.mode "schedule" }}
{{ include "shardferry.fieldEnv" (list "SHARDFERRY_RUN_ID" "metadata.labels['batch.kubernetes.io/job-name']") }}
{{- else }}
- name: SHARDFERRY_RUN_ID
  value: {{ .Values.runId | quote }}
{{- end }}
{{- with include "shardferry.onExisting" . }}
- name: SHARDFERRY_ON_EXISTING
  value: {{ . | quote }}
{{- end }}
- name: SHARDFERRY_CONFIG
  value: /etc/shardferry/config/shardferry.yaml
- name: SHARDFERRY_GRACE_PERIOD
  value: {{ printf "%ds" (sub (int .Values.terminationGracePeriodSeconds) 5) }}
{{- with .Values.logLevel }}
- name: RUST_LOG
  value: {{ . | quote }}
{{- end }}
{{- with .Values.s3.region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .Values.s3.endpoint }}
- name: AWS_ENDPOINT_URL_S3
  value: {{ . | quote }}
{{- end }}
{{- with .Values.s3.secret }}
{{- if .name }}
{{ include "shardferry.secretEnv" (list "AWS_ACCESS_KEY_ID" .name .accessKeyIdKey) }}
{{ include "shardferry.secretEnv" (list "AWS_SECRET_ACCESS_KEY" .name .secretAccessKeyKey) }}
{{- if .sessionTokenKey }}
{{ include "shardferry.secretEnv" (list "AWS_SESSION_TOKEN" .name .sessionTokenKey) }}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.caBundle.system }}
- name: SSL_CERT_FILE
  value: /etc/shardferry/ca/ca.pem
{{- end }}
{{- with .Values.otlp }}
{{- if .endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ .endpoint | quote }}
- name: OTEL_SERVICE_NAME
  value: {{ .serviceName | quote }}
{{- if .resourceAttributes }}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: {{ include "shardferry.attributes" .resourceAttributes | quote }}
{{- end }}
{{- if .headersSecret.name }}
{{ include "shardferry.secretEnv" (list "OTEL_EXPORTER_OTLP_HEADERS" .headersSecret.name .headersSecret.key) }}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.metrics.enabled }}
- name: SHARDFERRY_METRICS_ADDRESS
  value: {{ printf "[::]:%d" (int .Values.metrics.port) | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "shardferry.attributes" -}}
{{- $pairs := list -}}
{{- range $name, $value := . -}}
{{- $pairs = append $pairs (printf "%s=%s" $name (include "shardferry.number" $value)) -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end -}}

{{/* One container: takes root, name, args, and shard (true: it works on the shard of its index). */}}
{{- define "shardferry.container" -}}
- name: {{ .name }}
  image: {{ include "shardferry.image" .root | quote }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  args: {{ toJson .args }}
  env:
    {{- include "shardferry.env" .root | nindent 4 }}
    {{- if .shard }}
    # The index comes from JOB_COMPLETION_INDEX, which the Job sets.
    - name: SHARDFERRY_SHARD_COUNT
      value: {{ int .root.Values.shards | quote }}
    {{- end }}
  {{- if and .root.Values.metrics.enabled (eq .name "shardferry") }}
  ports:
    - {name: metrics, containerPort: {{ int .root.Values.metrics.port }}, protocol: TCP}
  {{- end }}
  {{- with .root.Values.extraEnvFrom }}
  envFrom:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- toYaml .root.Values.securityContext | nindent 4 }}
  resources:
    {{- toYaml .root.Values.resources | nindent 4 }}
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
    - name: tmp
      mountPath: /tmp
    - name: config
      mountPath: /etc/shardferry/config
      readOnly: true
    {{- if eq .root.Values.secretsAs "files" }}
    - name: urls
      mountPath: /etc/shardferry/urls
      readOnly: true
    {{- end }}
    {{- if or .root.Values.caBundle.configMap .root.Values.caBundle.secret }}
    - name: ca
      mountPath: /etc/shardferry/ca
      readOnly: true
    {{- end }}
    {{- with .root.Values.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* A pod template's metadata and spec: takes root, component, init (list of [name, args]), args, shard, copied (true: the ServiceAccount and
     ConfigMap of the hook). No label that changes with every version of the chart: it would make another Job. */}}
{{- define "shardferry.podTemplate" -}}
{{- $root := .root -}}
{{- $suffix := ternary "-plan" "" (.copied | default false) -}}
metadata:
  labels:
    {{- $own := merge (dict "app.kubernetes.io/component" .component) (include "shardferry.selectorLabels" $root | fromYaml) }}
    {{- toYaml (merge $own $root.Values.podLabels $root.Values.commonLabels) | nindent 4 }}
  annotations:
    checksum/config: {{ include "shardferry.config" $root | sha256sum }}
    {{- with $root.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  restartPolicy: Never
  enableServiceLinks: false
  {{- if and .copied $root.Values.serviceAccount.create }}
  serviceAccountName: {{ include "shardferry.fullname" $root }}-plan
  {{- else }}
  serviceAccountName: {{ include "shardferry.serviceAccountName" $root }}
  {{- end }}
  automountServiceAccountToken: {{ $root.Values.serviceAccount.automountServiceAccountToken }}
  terminationGracePeriodSeconds: {{ int $root.Values.terminationGracePeriodSeconds }}
  securityContext:
    {{- toYaml $root.Values.podSecurityContext | nindent 4 }}
  {{- $pull := $root.Values.imagePullSecrets }}
  {{- range $root.Values.global.imagePullSecrets }}
  {{- $pull = append $pull (kindIs "string" . | ternary (dict "name" .) .) }}
  {{- end }}
  {{- with $pull }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.schedulerName }}
  schedulerName: {{ . | quote }}
  {{- end }}
  {{- with $root.Values.hostAliases }}
  hostAliases:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.dnsPolicy }}
  dnsPolicy: {{ . }}
  {{- end }}
  {{- with $root.Values.dnsConfig }}
  dnsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- with $root.Values.runtimeClassName }}
  runtimeClassName: {{ . | quote }}
  {{- end }}
  {{- with $root.Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- range . }}
    {{- $pods := dict "labelSelector" (dict "matchLabels" (include "shardferry.selectorLabels" $root | fromYaml)) }}
    - {{ toYaml (ternary . (merge $pods .) (hasKey . "labelSelector")) | nindent 6 | trim }}
    {{- end }}
  {{- end }}
  {{- if or .init $root.Values.extraInitContainers }}
  initContainers:
    {{- with $root.Values.extraInitContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- $shard := .shard | default false }}
    {{- range .init }}
    {{- include "shardferry.container" (dict "root" $root "name" .name "args" .args "shard" (and $shard (ne .name "plan"))) | nindent 4 }}
    {{- end }}
  {{- end }}
  containers:
    {{- include "shardferry.container" (dict "root" $root "name" "shardferry" "args" .args "shard" .shard) | nindent 4 }}
    {{- with $root.Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: {{ $root.Values.tmp.sizeLimit | quote }}
    - name: config
      configMap:
        name: {{ include "shardferry.fullname" $root }}{{ $suffix }}
    {{- if eq $root.Values.secretsAs "files" }}
    - name: urls
      projected:
        defaultMode: 0440
        sources:
          - secret:
              name: {{ $root.Values.source.secret.name | quote }}
              items: [{key: {{ $root.Values.source.secret.key | quote }}, path: source-url}]
          - secret:
              name: {{ $root.Values.target.secret.name | quote }}
              items: [{key: {{ $root.Values.target.secret.key | quote }}, path: target-url}]
    {{- end }}
    {{- with $root.Values.caBundle }}
    {{- if .configMap }}
    - name: ca
      configMap:
        name: {{ .configMap | quote }}
        items: [{key: {{ .key | quote }}, path: ca.pem}]
    {{- else if .secret }}
    - name: ca
      secret:
        secretName: {{ .secret | quote }}
        items: [{key: {{ .key | quote }}, path: ca.pem}]
    {{- end }}
    {{- end }}
    {{- with $root.Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{- define "shardferry.config" -}}
{{- if .Values.config }}{{ toYaml .Values.config }}{{ else }}{}{{ end -}}
{{- end -}}
