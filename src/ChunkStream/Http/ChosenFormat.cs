using ChunkStream.Formats;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChunkStream.Http;

/// <summary>The format that was chosen for a response.</summary>
/// <param name="Format">The format of the body.</param>
/// <param name="ContentType">
/// The value of Content-Type: the media type by which the client asked for the format.
/// </param>
/// <param name="FileName">
/// The name of the file as which a browser saves the response; null if it is not a download.
/// </param>
internal sealed record ChosenFormat(StreamFormat Format, string ContentType, string? FileName)
{
    /// <summary>Sets the response's headers.</summary>
    public void SetHeaders(HttpResponse response)
    {
        StreamResult.SetHeaders(response);
        response.ContentType = ContentType;
        if (FileName is null)
            return;

        var disposition = new ContentDispositionHeaderValue("attachment");
        disposition.SetHttpFileName(FileName);
        response.Headers.ContentDisposition = disposition.ToString();
    }
}
