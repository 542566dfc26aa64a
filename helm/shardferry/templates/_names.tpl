{{/* Names and labels. Short enough that the pods of an Indexed Job (name-hash-index) and of a CronJob keep a host name of 63 characters. */}}

{{- define "shardferry.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "shardferry.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "shardferry.labels" -}}
{{ include "shardferry.selectorLabels" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | trimAll "-_." | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "shardferry.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "shardferry.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* global.imageRegistry takes the place of the registry that image.repository names, if it names one. */}}
{{- define "shardferry.image" -}}
{{- $repository := .Values.image.repository -}}
{{- with .Values.global.imageRegistry -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (regexReplaceAll "^([^/]*[.:][^/]*|localhost)/" $repository "") -}}
{{- end -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* The key `annotations` of an object, or nothing: takes the root, then maps, of which the first wins; commonAnnotations come last. */}}
{{- define "shardferry.annotations" -}}
{{- $all := dict -}}
{{- range rest . -}}{{- $all = merge $all . -}}{{- end -}}
{{- with merge $all (first .).Values.commonAnnotations -}}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{- define "shardferry.parallelism" -}}
{{- int (.Values.parallelism | default .Values.shards) -}}
{{- end -}}

{{/* A load that is repeated empties the tables of the one before. A load that may truncate nothing needs no leave to. */}}
{{- define "shardferry.onExisting" -}}
{{- if .Values.onExisting -}}
{{- .Values.onExisting -}}
{{- else if and (eq .Values.mode "schedule") (not (or (get .Values.config "no-truncate") (get .Values.config "no_truncate"))) -}}
replace
{{- end -}}
{{- end -}}

{{/* A Job cannot be changed but for a few fields, so its name ends with a hash of all the others: other values make another Job, and Helm removes
     the old one. Its pods release their tables when they are told to end; the new pods go on where they stopped. Takes [root, kind, spec]. */}}
{{- define "shardferry.hashedName" -}}
{{- $root := index . 0 -}}
{{- printf "%s%s-%s" (include "shardferry.fullname" $root) (index . 1) (printf "%s %s" (include "shardferry.rerun" $root) (index . 2) | sha256sum | trunc 8) -}}
{{- end -}}

{{- define "shardferry.jobName" -}}
{{- include "shardferry.hashedName" (list . "" (include "shardferry.jobSpec" .)) -}}
{{- end -}}

{{- define "shardferry.planName" -}}
{{- if eq .Values.plan.mode "hook" -}}
{{- printf "%s-plan" (include "shardferry.fullname" .) -}}
{{- else -}}
{{- include "shardferry.hashedName" (list . "-plan" (include "shardferry.planSpec" .)) -}}
{{- end -}}
{{- end -}}

{{/* A number is an int64 from --set and a float64 from a file: both must read alike, or the same value makes two Jobs. */}}
{{- define "shardferry.number" -}}
{{- if kindIs "float64" . -}}{{- int64 . -}}{{- else -}}{{- . -}}{{- end -}}
{{- end -}}

{{- define "shardferry.rerun" -}}
{{- include "shardferry.number" .Values.rerun -}}
{{- end -}}
