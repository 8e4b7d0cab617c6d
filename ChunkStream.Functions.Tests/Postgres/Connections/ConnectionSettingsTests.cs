using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Connections;

/// <summary>Whatever a connection string sets, the rows are the same.</summary>
[Collection(RealPostgres.Collection)]
public sealed class ConnectionSettingsTests(RealPostgres postgres) : IDisposable
{
    private readonly QueryFiles _queries = new QueryFiles()
        .With("plain", "-- param: n int\n-- key: n\nselect n, 'é€😀' as text, chr(233) as made, "
            + "array[n, null] as list, now() is not null as now from generate_series(1, @n) n");

    public void Dispose() => _queries.Dispose();

    [Theory]
    [InlineData("Max Auto Prepare=20")]
    [InlineData("Max Auto Prepare=20;Auto Prepare Min Usages=1")]
    [InlineData("Multiplexing=true")]
    [InlineData("Client Encoding=LATIN1")]
    [InlineData("Encoding=iso-8859-1")]
    [InlineData("Server Compatibility Mode=NoTypeLoading")]
    [InlineData("Array Nullability Mode=Never;Load Table Composites=true;Enlist=true;Include Error Detail=true")]
    [InlineData("Pooling=false")]
    [InlineData("No Reset On Close=true;Minimum Pool Size=3;Connection Lifetime=1")]
    [InlineData("Timezone=Asia/Tokyo;Search Path=pg_catalog;"
        + "Options=-c DateStyle=German -c IntervalStyle=sql_standard -c extra_float_digits=-3")]
    [InlineData(
        "Read Buffer Size=4096;Write Buffer Size=4096;Socket Receive Buffer Size=2048;Socket Send Buffer Size=2048")]
    [InlineData("Command Timeout=1;Cancellation Timeout=1;Keepalive=1")]
    [InlineData("Target Session Attributes=read-write")]
    [InlineData("Host=\"127.0.0.1,127.0.0.1\";Target Session Attributes=prefer-standby;Load Balance Hosts=true")]
    public async Task Requests_are_answered_alike(string settings)
    {
        var connectionString = new NpgsqlConnectionStringBuilder(postgres.ConnectionString + ";" + settings);
        await using var api = await LocalApi.StartAsync(connectionString.ConnectionString, settings: _queries.Setting);

        // The requests follow each other, so that all use the same connection. Every other one is bad, also one at
        // which Npgsql would begin to prepare statements automatically.
        var answers = new List<(int Status, string Body)>();
        for (var number = 0; number < 12; number++)
        {
            using var response = await api.GetAsync($"/api/queries/plain?n={(number % 2 == 0 ? "x" : "2")}");
            answers.Add(((int)response.StatusCode, await response.Content.ReadAsStringAsync().Within()));
        }

        const string Rows = "{\"n\":1,\"text\":\"é€😀\",\"made\":\"é\",\"list\":[1,null],\"now\":true}\n"
            + "{\"n\":2,\"text\":\"é€😀\",\"made\":\"é\",\"list\":[2,null],\"now\":true}\n";
        Assert.All(answers.Index(), answer => Assert.Equal(answer.Index % 2 == 0 ? 400 : 200, answer.Item.Status));
        Assert.All(answers.Where(answer => answer.Status == 200), answer => Assert.Equal(Rows, answer.Body));
        using var stream = await api.Client.PutAsync($"/api/streams/{Guid.NewGuid():N}", new StringContent("é"))
            .Within();
        Assert.Equal(201, (int)stream.StatusCode);
    }

    [Theory]
    [InlineData("", GssEncryptionMode.Disable)]
    [InlineData("GSS Encryption Mode=Prefer", GssEncryptionMode.Prefer)]
    [InlineData("GssEncryptionMode=Require", GssEncryptionMode.Require)]
    public void Kerberos_is_tried_only_where_that_is_asked_for(string given, GssEncryptionMode expected)
    {
        var settings = new NpgsqlConnectionStringBuilder("Host=h;" + given);
        ConnectionSettings.Complete(settings, "tests", connectSeconds: 15);
        Assert.Equal(expected, settings.GssEncryptionMode);
    }

    [Fact]
    public async Task A_timeout_of_0_is_no_shorter_than_the_default()
    {
        var server = new NpgsqlConnectionStringBuilder(postgres.ConnectionString);
        var isFirst = true;
        await using var line = new CuttableLine(new Uri($"http://{server.Host}:{server.Port}"))
        {
            Passing = _ =>
            {
                if (isFirst)
                    Thread.Sleep(TimeSpan.FromSeconds(1.5));
                isFirst = false;
            },
        };
        (server.Port, server.Timeout) = (line.Address.Port, 0);
        await using var database = new PostgresDatabase(
            ConfiguredConnection.Create(server.ConnectionString), new PostgresOptions(), TimeProvider.System,
            NullLoggerFactory.Instance);

        await using var session = await database.OpenAsync(CancellationToken.None).Within();
        Assert.False(session.IsSevered);
    }

    [Fact]
    public async Task A_URI_is_a_connection_string_on_the_host()
    {
        var server = new NpgsqlConnectionStringBuilder(postgres.ConnectionString);
        await using var api = await LocalApi.StartAsync(
            $"postgresql://{server.Username}:{Uri.EscapeDataString(server.Password!)}@{server.Host}:{server.Port}/"
            + $"{server.Database}?application_name=uri&sslmode=prefer",
            settings: _queries.Setting);

        Assert.StartsWith(
            "{\"n\":1", await api.Client.GetStringAsync("/api/queries/plain?n=1").Within(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_connection_string_is_refused_at_start_by_the_setting_s_name_and_without_its_values()
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(
            () => LocalApi.StartAsync("Host=h;Password=hush;SSL Mode=hush"));

        Assert.Contains(
            "ConnectionStrings:Postgres: 'SSL Mode' can't have the value", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_that_rotates_is_read_anew_from_its_file_or_from_the_configuration()
    {
        var role = $"rotating_{Guid.NewGuid():N}";
        await postgres.ExecuteAsync($"create role {role} login password 'first'; grant pg_read_all_data to {role}");
        var file = Path.GetTempFileName();
        try
        {
            var server =
                new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Username = role, Password = "first" };
            await using var configured = await LocalApi.StartAsync(server.ConnectionString, settings: _queries.Setting);
            (server.Password, server.Passfile) = (null, file);
            await File.WriteAllTextAsync(file, $"*:*:*:{role}:first\n");
            await using var filed = await LocalApi.StartAsync(server.ConnectionString, settings: _queries.Setting);
            await AssertStatusAsync(200);

            await postgres.ExecuteAsync($"alter role {role} password 'second'");
            await DisconnectAsync();
            await AssertStatusAsync(503);

            await File.WriteAllTextAsync(file, $"*:*:*:{role}:second\n");
            (server.Password, server.Passfile) = ("second", null);
            configured.Get<Microsoft.Extensions.Configuration.IConfiguration>()["ConnectionStrings:Postgres"] =
                server.ConnectionString;
            await AssertStatusAsync(200);
            Assert.DoesNotContain(
                configured.Log.Entries.Concat(filed.Log.Entries), entry => entry.Level >= LogLevel.Critical);

            async Task AssertStatusAsync(int status)
            {
                foreach (var api in new[] { configured, filed })
                {
                    using var response = await api.GetAsync("/api/queries/plain?n=1");
                    Assert.Equal(status, (int)response.StatusCode);
                }
            }

            Task DisconnectAsync() => postgres.ExecuteAsync(
                $"select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = '{role}'");
        }
        finally
        {
            await postgres.ExecuteAsync("select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                + $"where usename = '{role}'; drop role {role}");
            File.Delete(file);
        }
    }
}
