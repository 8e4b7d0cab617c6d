using ChunkStream.LocalHost;

namespace ChunkStream.Functions.Tests.LocalHost;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("", "Web", 7071, null)]
    [InlineData("--port 8080 --rows 5", "Web", 8080, 5L)]
    [InlineData("--services", "Services", 7071, null)]
    [InlineData("--functions --port 7072", "Functions", 7072, null)]
    [InlineData("--health --port 8080", "Health", 8080, null)]
    public async Task A_good_command_line_is_understood(string line, string mode, int port, long? rows)
    {
        var (code, settings, _) = await RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), new Numbers());

        Assert.Equal(0, code);
        Assert.Equal(new RunSettings(Enum.Parse<RunMode>(mode), port, rows, Database: null), settings);
    }

    [Theory]
    [InlineData("--port 0", "--port is 0; it must be a whole number, 1–65535")]
    [InlineData("--port x", "--port is x; it must be a whole number, 1–65535")]
    [InlineData("--port 99999999999", "--port is 99999999999; it must be a whole number, 1–65535")]
    [InlineData("--rows -1", "--rows is -1; it must be a whole number, 0–1000000000")]
    [InlineData("--row 5", "--row")]
    [InlineData("--rows 1.5", "--rows is 1.5; it must be a whole number, 0–1000000000")]
    [InlineData("--prot 5", "--port")]
    [InlineData("--services --functions", "either --services or --functions")]
    [InlineData("--services --port 7072", "--port has no meaning")]
    [InlineData("--database Host=x --rows 5", "--rows makes sample data")]
    [InlineData("--print-schema --port 7072", "--print-schema only prints")]
    [InlineData("--health --services", "--health only asks")]
    [InlineData("--print-schema --health", "--print-schema only prints")]
    public async Task A_bad_command_line_is_refused_with_what_is_wrong(string line, string said)
    {
        var (code, settings, output) = await RunAsync(line.Split(' '), new Numbers());

        Assert.NotEqual(0, code);
        Assert.Null(settings);
        Assert.Contains(said, output, StringComparison.Ordinal);
        // The mistake alone: the whole help would push it off the screen.
        Assert.DoesNotContain("Usage:", output, StringComparison.Ordinal);
        Assert.EndsWith("--help lists the options.", output.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_sample_data_there_is_no_number_of_rows()
    {
        var (code, settings, output) = await RunAsync(["--rows", "5"], data: null);

        Assert.NotEqual(0, code);
        Assert.Null(settings);
        Assert.Contains("--rows", output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync(["--port", "7072"], data: null)).Code);
        Assert.DoesNotContain("--rows", (await RunAsync(["--help"], data: null)).Output, StringComparison.Ordinal);
        Assert.Contains(
            "Rows of the table numbers", (await RunAsync(["--help"], new Numbers())).Output, StringComparison.Ordinal);
    }

    private static async Task<(int Code, RunSettings? Settings, string Output)> RunAsync(
        string[] arguments, ISampleData? data)
    {
        var run = (RunSettings?)null;
        var output = new StringWriter();
        var code = await CommandLine.InvokeAsync(
            arguments,
            data,
            (settings, _) =>
            {
                run = settings;
                return Task.FromResult(0);
            },
            new() { Output = output, Error = output },
            CancellationToken.None);
        return (code, run, output.ToString());
    }

    private sealed class Numbers : ISampleData
    {
        public string Table => "numbers";

        public long DefaultRows => 1000;

        public long MostRows => 1_000_000_000;

        public Task LoadAsync(SampleDatabase database, CancellationToken cancellation) => Task.CompletedTask;

        public Task KeepChangingAsync(SampleDatabase database, CancellationToken cancellation) => Task.CompletedTask;
    }
}
