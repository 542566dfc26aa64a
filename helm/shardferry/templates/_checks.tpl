{{/* What values.schema.json cannot say. */}}
{{- define "shardferry.checks" -}}
{{- $v := .Values -}}
{{- if not $v.checkpoint.url -}}
{{- fail "checkpoint.url is required: s3://bucket/prefix" -}}
{{- end -}}
{{- if $v.parallelism -}}
{{- if gt (int $v.parallelism) (int $v.shards) -}}
{{- fail (printf "parallelism %d is more than shards %d: the rest would have nothing to do" (int $v.parallelism) (int $v.shards)) -}}
{{- end -}}
{{- end -}}
{{- if $v.job.maxFailedIndexes -}}
{{- if gt (int $v.job.maxFailedIndexes) (int $v.shards) -}}
{{- fail (printf "job.maxFailedIndexes %d is more than shards %d" (int $v.job.maxFailedIndexes) (int $v.shards)) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $v.mode "schedule") (not $v.schedule.cron) -}}
{{- fail "mode schedule needs schedule.cron, for example \"0 2 * * *\"" -}}
{{- end -}}
{{- if and (eq $v.mode "job") $v.schedule.cron -}}
{{- fail "schedule.cron is given, but mode is job; say mode: schedule" -}}
{{- end -}}
{{- if and (not $v.serviceAccount.create) (not $v.serviceAccount.name) -}}
{{- fail "serviceAccount.create is false: name the ServiceAccount in serviceAccount.name" -}}
{{- end -}}
{{- if and $v.s3.secret.name (hasKey $v.serviceAccount.annotations "eks.amazonaws.com/role-arn") -}}
{{- fail "s3.secret.name and the role of serviceAccount.annotations are both given: static keys would win over the role; choose one" -}}
{{- end -}}
{{- if and $v.caBundle.configMap $v.caBundle.secret -}}
{{- fail "caBundle.configMap and caBundle.secret are both given; choose one" -}}
{{- end -}}
{{- if and $v.caBundle.system (not (or $v.caBundle.configMap $v.caBundle.secret)) -}}
{{- fail "caBundle.system needs caBundle.configMap or caBundle.secret" -}}
{{- end -}}
{{- range $name := list "source-url" "target-url" "source_url" "target_url" -}}
{{- if hasKey $v.config $name -}}
{{- fail (printf "config.%s would put a password into a ConfigMap; use source.secret and target.secret" $name) -}}
{{- end -}}
{{- end -}}
{{- range $name := list "run-id" "run_id" "checkpoint" "grace-period" "grace_period" "shard-count" "shard_count" "shard-index" "shard_index" "shard" "range" "reset" "pod-name" "pod_name" -}}
{{- if hasKey $v.config $name -}}
{{- fail (printf "config.%s: the chart says this to every pod itself, or it must not be said to all of them" $name) -}}
{{- end -}}
{{- end -}}
{{- if and (not $v.metrics.enabled) (or $v.metrics.podMonitor.enabled $v.metrics.prometheusRule.enabled) -}}
{{- fail "metrics.podMonitor and metrics.prometheusRule need metrics.enabled: true, or there is nothing to scrape" -}}
{{- end -}}
{{- range $name := list "metrics-address" "metrics_address" -}}
{{- if hasKey $v.config $name -}}
{{- fail (printf "config.%s: say it in metrics.enabled and metrics.port" $name) -}}
{{- end -}}
{{- end -}}
{{- range $name := list "on-existing" "on_existing" -}}
{{- if hasKey $v.config $name -}}
{{- fail (printf "config.%s: say it in onExisting" $name) -}}
{{- end -}}
{{- end -}}
{{- $own := include "shardferry.env" (dict "Values" (omit $v "extraEnv")) -}}
{{- range $v.extraEnv -}}
{{- if and (hasKey . "value") (or (regexMatch "^SHARDFERRY_(SOURCE|TARGET)_URL$|^AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)$|^OTEL_EXPORTER_OTLP_(|TRACES_|METRICS_)HEADERS$|(PASSWORD|TOKEN|SECRET)$" .name)) -}}
{{- fail (printf "extraEnv %s holds a secret by value, which everybody who may read the Job would see; take it from a Secret" .name) -}}
{{- end -}}
{{- if contains (printf "- name: %s\n" .name) $own -}}
{{- fail (printf "extraEnv %s: the chart sets it already" .name) -}}
{{- end -}}
{{- end -}}
{{- if $v.externalSecret.enabled -}}
{{- if ne $v.source.secret.name $v.target.secret.name -}}
{{- fail "externalSecret makes one Secret: source.secret.name and target.secret.name must be the same" -}}
{{- end -}}
{{- if not $v.externalSecret.secretStoreRef.name -}}
{{- fail "externalSecret.enabled needs externalSecret.secretStoreRef.name" -}}
{{- end -}}
{{- range list $v.source.secret.key $v.target.secret.key -}}
{{- if not (hasKey $v.externalSecret.data .) -}}
{{- fail (printf "externalSecret.data has no %s, which source.secret or target.secret names" .) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $v.mode "job") (eq $v.plan.mode "hook") -}}
{{- fail "plan.mode hook runs before the ExternalSecret is there; use plan.mode job, or make the Secret yourself" -}}
{{- end -}}
{{- end -}}
{{- end -}}
