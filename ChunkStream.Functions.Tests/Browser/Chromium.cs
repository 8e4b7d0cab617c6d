using ChunkStream.Functions.Tests.Support;
using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>One headless Chromium for a class of tests; started when the first of them asks for a page.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] Names =
    [
        "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome.exe", "msedge.exe",
    ];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>The program, or null where there is none: CHROMIUM_PATH, then what is installed.</summary>
    public static string? ExecutablePath { get; } =
        Environment.GetEnvironmentVariable("CHROMIUM_PATH") is { Length: > 0 } named
            ? named
            : Candidates().FirstOrDefault(File.Exists);

    public Task InitializeAsync() => Task.CompletedTask;

    /// <summary>A page with a storage of its own.</summary>
    internal async Task<IPage> NewPageAsync(BrowserNewContextOptions? options = null)
    {
        _playwright ??= await Playwright.CreateAsync();
        _browser ??= await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = ExecutablePath ?? throw new InvalidOperationException(ChromiumFactAttribute.Missing),
            // Chromium's own sandbox can't be had by root, as whom containers run.
            Args = OperatingSystem.IsLinux() && Environment.UserName == "root" ? ["--no-sandbox"] : [],
        });
        var context = await _browser.NewContextAsync(options);
        context.SetDefaultTimeout(60_000);
        Assertions.SetDefaultExpectTimeout(60_000);
        return await context.NewPageAsync();
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    private static IEnumerable<string> Candidates()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Append("/Applications/Google Chrome.app/Contents/MacOS")
            .Append("/Applications/Chromium.app/Contents/MacOS")
            .Concat(new[] { Environment.SpecialFolder.ProgramFiles, Environment.SpecialFolder.ProgramFilesX86 }
                .SelectMany(folder => new[] { @"Google\Chrome\Application", @"Microsoft\Edge\Application" }
                    .Select(path => Path.Combine(Environment.GetFolderPath(folder), path))));
        return folders.SelectMany(
            folder => Names.Append("Google Chrome").Append("Chromium").Select(name => Path.Combine(folder, name)));
    }
}

/// <summary>A test in Chromium: skipped where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ChromiumFactAttribute : FactAttribute
{
    public const string Missing =
        "There is no Chromium: install it (Debian: apt install chromium), or name it in CHROMIUM_PATH.";

    public ChromiumFactAttribute()
    {
        if (Chromium.ExecutablePath is null && !Optional.IsEverythingRequired)
            Skip = Missing;
    }
}
