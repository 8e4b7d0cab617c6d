using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.LocalHost.Functions;

/// <summary>
/// The file local.settings.json, which Core Tools read. Where it is missing it is made from the sample, with this
/// machine's own connection string and secret.
/// </summary>
internal static class LocalSettings
{
    private const string FileName = "local.settings.json";
    private const string Sample = "local.settings.sample.json";
    private const string Postgres = "ConnectionStrings__Postgres";
    private const string ResumeKey = "ChunkStream__ResumeKey";

    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// Makes the file where it is missing. Returns a sentence that says what was done, or what is left to do.
    /// </summary>
    /// <param name="project">The function app's folder; the sample is in the folder above.</param>
    /// <param name="connectionString">The connection string of the embedded Postgres.</param>
    public static string Prepare(string project, string connectionString)
    {
        var (file, sample) = (Path.Combine(project, FileName), Path.Combine(project, "..", Sample));
        if (File.Exists(file))
        {
            return Values(file)?[Postgres]?.ToString() == connectionString
                ? $"{file} names this Postgres: the function app uses it."
                : $"{file} is yours, and is left as it is: to use this Postgres put the line above into it.";
        }

        if (!File.Exists(sample))
            return $"{sample} is missing, so {file} was not made.";

        var settings = JsonNode.Parse(File.ReadAllText(sample))!;
        settings["Values"]![Postgres] = connectionString;
        settings["Values"]![ResumeKey] = PrivateFile.NewSecret();
        PrivateFile.Write(file, settings.ToJsonString(Readable) + "\n");
        return $"{file} was made, and names this Postgres: the function app uses it.";
    }

    private static JsonNode? Values(string file)
    {
        try
        {
            var options = new JsonDocumentOptions
            {
                CommentHandling = JsonCommentHandling.Skip,
                AllowTrailingCommas = true,
            };
            return JsonNode.Parse(File.ReadAllText(file), documentOptions: options)?["Values"];
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
