package serve

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/log"
	otelmetric "go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// scope is the instrumentation scope of OpenTelemetry's records.
const scope = "github.com/awaittrace/awaittrace"

// A telemetry pushes findings and metrics by OTLP, if OpenTelemetry's own variables name an endpoint; else its parts
// are nil. Exports wait in a bounded queue that drops the oldest, so a slow or missing receiver costs nothing else.
type telemetry struct {
	logs    *sdklog.BatchProcessor
	metrics *sdkmetric.MeterProvider
	version string
}

// newTelemetry starts pushing what the environment variables ask for.
func newTelemetry(ctx context.Context, s *survey) (*telemetry, error) {
	opt := s.opt
	t := &telemetry{version: opt.Version}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		opt.Log.Warn("OpenTelemetry cannot push", "err",
			cut(err.Error(), 4*maxLabel))
	}))
	wants := func(signal string) (bool, error) {
		if strings.EqualFold(opt.Getenv("OTEL_SDK_DISABLED"), "true") ||
			opt.Getenv("OTEL_"+signal+"_EXPORTER") == "none" ||
			cmp.Or(opt.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"),
				opt.Getenv("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT")) == "" {
			return false, nil
		}
		protocol := cmp.Or(opt.Getenv("OTEL_EXPORTER_OTLP_"+signal+"_PROTOCOL"),
			opt.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"), "http/protobuf")
		if protocol != "http/protobuf" {
			return false, fmt.Errorf("invalid OTEL_EXPORTER_OTLP_PROTOCOL %q (want http/protobuf)", protocol)
		}
		return true, nil
	}
	if ok, err := wants("LOGS"); err != nil {
		return nil, err
	} else if ok {
		exporter, err := otlploghttp.New(ctx)
		if err != nil {
			return nil, err
		}
		t.logs = sdklog.NewBatchProcessor(exporter)
	}
	if ok, err := wants("METRICS"); err != nil {
		return nil, err
	} else if ok {
		exporter, err := otlpmetrichttp.New(ctx)
		if err != nil {
			return nil, err
		}
		res, err := resource.New(ctx, resource.WithFromEnv(), resource.WithHost(), resource.WithTelemetrySDK())
		if err != nil && !errors.Is(err, resource.ErrPartialResource) {
			return nil, err
		}
		t.metrics = sdkmetric.NewMeterProvider(sdkmetric.WithResource(res),
			sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter, sdkmetric.WithProducer(waitsProducer{s}))))
		if err := observe(t.metrics.Meter(scope, otelmetric.WithInstrumentationVersion(opt.Version)), s); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// observe registers the samples of a survey as gauges of a meter, with OpenTelemetry's names.
func observe(meter otelmetric.Meter, s *survey) error {
	gauges := make(map[string]otelmetric.Float64ObservableGauge)
	var all []otelmetric.Observable
	for _, m := range metrics {
		g, err := meter.Float64ObservableGauge(m.pushedName(), otelmetric.WithDescription(m.help),
			otelmetric.WithUnit(m.unit))
		if err != nil {
			return err
		}
		gauges[m.name], all = g, append(all, g)
	}
	_, err := meter.RegisterCallback(func(_ context.Context, o otelmetric.Observer) error {
		for _, v := range s.samples() {
			var attrs []attribute.KeyValue
			for i, name := range append([]string{"program", "container"}, v.metric.labels...) {
				attrs = append(attrs, attribute.String(name, v.labels[i]))
			}
			o.ObserveFloat64(gauges[v.metric.name], v.value, otelmetric.WithAttributes(attrs...))
		}
		return nil
	}, all...)
	return err
}

// pushedName returns the name of a metric in OpenTelemetry, which leaves out the unit.
func (m *metric) pushedName() string {
	return strings.TrimSuffix(strings.Replace(m.name, "awaittrace_", "awaittrace.", 1), "_seconds")
}

// A waitsProducer produces OpenTelemetry histograms of waits: instruments take single measurements, but the record has
// whole histograms.
type waitsProducer struct{ *survey }

// Produce implements sdkmetric.Producer.
func (p waitsProducer) Produce(context.Context) ([]metricdata.ScopeMetrics, error) {
	now := time.Now()
	points := make(map[waitKind][]metricdata.ExponentialHistogramDataPoint[float64])
	for _, w := range p.waits() {
		for i := range w.sites {
			s := &w.sites[i]
			points[s.kind] = append(points[s.kind], s.point(now, attribute.NewSet(
				attribute.String("program", w.name), attribute.String("container", w.container),
				attribute.String("function", s.function), attribute.String("site", s.site))))
		}
	}
	scoped := metricdata.ScopeMetrics{Scope: instrumentation.Scope{Name: scope, Version: p.opt.Version}}
	for _, kind := range []waitKind{waitsLock, waitsChannel} {
		if m := waitMetrics[kind]; len(points[kind]) > 0 {
			scoped.Metrics = append(scoped.Metrics, metricdata.Metrics{
				Name: m.pushedName(), Description: m.help, Unit: m.unit,
				Data: metricdata.ExponentialHistogram[float64]{DataPoints: points[kind],
					Temporality: metricdata.CumulativeTemporality},
			})
		}
	}
	return []metricdata.ScopeMetrics{scoped}, nil
}

// point returns s as an exponential histogram. Unlike Prometheus, it numbers buckets by their lower ends.
func (s *siteWaits) point(now time.Time, attrs attribute.Set) metricdata.ExponentialHistogramDataPoint[float64] {
	pt := metricdata.ExponentialHistogramDataPoint[float64]{
		Attributes: attrs, StartTime: s.began, Time: now, Count: s.waited.Count(), Sum: s.waited.Sum.Seconds(),
		Max:       metricdata.NewExtrema(s.waited.Max.Seconds()),
		ZeroCount: s.waited.Counts[0], ZeroThreshold: snapshot.WaitedEnd(0).Seconds(),
		PositiveBucket: metricdata.ExponentialBucket{Offset: firstBucket - 1, Counts: s.waited.Counts[1:]},
	}
	if id, err := trace.TraceIDFromHex(s.trace); err == nil {
		pt.Exemplars = []metricdata.Exemplar[float64]{{Value: s.longest.Seconds(), Time: now, TraceID: id[:]}}
	}
	return pt
}

// tell pushes a log record for each finding that has appeared or is gone.
func (t *telemetry) tell(ctx context.Context, changes []change) {
	if t.logs == nil {
		return
	}
	loggers := make(map[*program]log.Logger)
	for _, c := range changes {
		l := loggers[c.program]
		if l == nil {
			// Each program is a resource with its own provider; all share one queue.
			l = sdklog.NewLoggerProvider(sdklog.WithResource(programResource(c.program)), sdklog.WithProcessor(t.logs)).
				Logger(scope, log.WithInstrumentationVersion(t.version))
			loggers[c.program] = l
		}
		ctx, r := logRecord(ctx, c)
		l.Emit(ctx, r)
	}
}

// programResource describes a program by OpenTelemetry's semantic conventions.
func programResource(p *program) *resource.Resource {
	attrs := []attribute.KeyValue{attribute.String("service.name", p.name), attribute.Int("process.pid", p.entry.Pid)}
	if p.told != nil {
		attrs = append(attrs,
			attribute.String("process.executable.path", cut(p.told.process.Exe, 4*maxLabel)),
			attribute.String("process.runtime.name", "go"),
			attribute.String("process.runtime.version", label(p.told.process.Go)))
	}
	if p.container != "" {
		attrs = append(attrs, attribute.String("container.id", p.container))
	}
	return resource.NewSchemaless(attrs...)
}

// logRecord returns the log record of a change, with the trace of the first goroutine's labels.
func logRecord(ctx context.Context, c change) (context.Context, log.Record) {
	var r log.Record
	now := time.Now()
	r.SetTimestamp(now)
	r.SetObservedTimestamp(now)
	r.SetEventName("awaittrace.finding.appeared")
	severity := log.SeverityWarn
	if c.finding.certainty == diagnose.Certain {
		severity = log.SeverityError
	}
	if c.gone {
		r.SetEventName("awaittrace.finding.gone")
		severity = log.SeverityInfo
	}
	r.SetSeverity(severity)
	r.SetSeverityText(severity.String())
	r.SetBody(attribute.StringValue(string(c.key.Kind) + ": " + c.finding.title))
	r.AddAttributes(
		attribute.String("awaittrace.kind", string(c.key.Kind)),
		attribute.String("awaittrace.certainty", string(c.finding.certainty)),
		attribute.Int("awaittrace.goroutines", c.finding.goroutines),
		attribute.Float64("awaittrace.oldest_wait", c.finding.oldest.Seconds()),
	)
	if c.key.File != "" {
		r.AddAttributes(
			attribute.String("code.file.path", cut(c.key.File, 4*maxLabel)),
			attribute.Int("code.line.number", c.key.Line),
			attribute.String("code.function.name", cut(c.finding.function, 4*maxLabel)))
	}
	if id, ok := traceOf(c.finding.labels); ok {
		ctx = trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{TraceID: id}))
	}
	return ctx, r
}

// traceOf returns the trace of a goroutine by its profiler labels.
func traceOf(labels map[string]string) (id trace.TraceID, ok bool) {
	for _, key := range []string{"trace_id", "traceid", "trace id", "traceID"} {
		if b, err := hex.DecodeString(labels[key]); err == nil && len(b) == len(id) {
			copy(id[:], b)
			return id, id.IsValid()
		}
	}
	return id, false
}

// shutdown sends what the queues hold, as far as ctx allows.
func (t *telemetry) shutdown(ctx context.Context) error {
	var errs []error
	if t.logs != nil {
		errs = append(errs, t.logs.Shutdown(ctx))
	}
	if t.metrics != nil {
		errs = append(errs, t.metrics.Shutdown(ctx))
	}
	return errors.Join(errs...)
}
